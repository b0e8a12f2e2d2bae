'use strict';
require('../common');

const x = ;
