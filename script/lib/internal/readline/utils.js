'use strict';

// CSI makes the escape sequence of a control function: CSI`2K`.
function CSI(strings, ...values) {
  let text = '\x1b[';
  strings.forEach((part, i) => { text += part + (values[i] ?? ''); });
  return text;
}
CSI.kEscape = '\x1b';
CSI.kClearToLineBeginning = CSI`1K`;
CSI.kClearToLineEnd = CSI`0K`;
CSI.kClearLine = CSI`2K`;
CSI.kClearScreenDown = CSI`0J`;

module.exports = { CSI };
