// Flags: --expose-gc
'use strict';
require('../common');

gc();
