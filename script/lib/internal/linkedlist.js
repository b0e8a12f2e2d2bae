'use strict';

// A ring of objects: the list is one of them, between the last and the first. _idlePrev leads to
// the next in order, _idleNext back, as scripts see it in a Timeout.

function init(list) {
  list._idleNext = list;
  list._idlePrev = list;
  return list;
}

// peek returns the first item, null if there is none.
function peek(list) {
  return list._idlePrev === list ? null : list._idlePrev;
}

// remove removes an object from its list, if it is in one.
function remove(item) {
  if (item._idleNext) item._idleNext._idlePrev = item._idlePrev;
  if (item._idlePrev) item._idlePrev._idleNext = item._idleNext;
  item._idleNext = null;
  item._idlePrev = null;
}

// append makes an object the last of a list.
function append(list, item) {
  if (item._idleNext || item._idlePrev) remove(item);
  item._idleNext = list._idleNext;
  item._idlePrev = list;
  list._idleNext._idlePrev = item;
  list._idleNext = item;
}

function isEmpty(list) {
  return list._idleNext === list;
}

module.exports = { append, init, isEmpty, peek, remove };
