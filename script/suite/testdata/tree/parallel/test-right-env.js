// Env: SUITE_OWN=told
'use strict';
require('../common');

if (process.env.SUITE_OWN !== 'told') throw new Error(`SUITE_OWN is ${process.env.SUITE_OWN}`);
