'use strict';

// Without cryptography there is no https.

throw new (require('internal/errors').codes.ERR_NO_CRYPTO)();
