// Package archtest holds no code but tests: those of the rules that the whole repository follows
// and no compiler checks. They look at what exists, so a package that is not there yet breaks
// nothing.
//
//   - Imports point down the list in order_test.go, and library packages depend on the standard
//     library and golang.org/x/sys/unix alone. What else one internal package needs stays confined
//     to it.
//   - Platform differences are files: no library code asks for runtime.GOOS, and the build
//     constraint of a file fits its name.
//   - unsafe is in files named for it, packages are named for what they are, files stay short, and
//     everything exported by a library package has a doc comment.
//   - What users can depend on is listed in api/, so that a change of it is a decision.
//   - The programs and pieces of programs in the papers compile, and what papers point to is there.
//   - A small program is small: what it does not use is not linked into it.
package archtest
