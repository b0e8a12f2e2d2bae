// Package nodepath has the algorithms of Node's path.posix and path.win32 (Node v25.x,
// documentation "Path"), on any system.
//
// Paths are strings of bytes. Only ASCII characters have a meaning; other bytes may be anything.
// All functions are safe to call from any goroutine.
package nodepath

// Parsed are the parts of a path.
type Parsed struct{ Root, Dir, Base, Ext, Name string }
