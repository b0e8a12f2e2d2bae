'use strict';

// The symbols that the parts of http share.

module.exports = {
  kNeedDrain: Symbol('kNeedDrain'), kOutHeaders: Symbol('kOutHeaders'),
  utcDate: () => require('internal/http/common').utcDate(),
};
