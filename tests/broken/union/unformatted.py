# expect: would be reformatted
VALUE = { 'a':1 }
