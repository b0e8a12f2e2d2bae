'use strict';

// Without cryptography there is no tls.

throw new (require('internal/errors').codes.ERR_NO_CRYPTO)();
