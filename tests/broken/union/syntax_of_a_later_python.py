# expect: SyntaxError
try:
    import tomllib
except ImportError, AttributeError:
    tomllib = None
