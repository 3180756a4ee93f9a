# expect: F401
import os
