'use strict';
require('../common').skip('there is no such thing');
