// Package archtest has only tests. They check the rules that the whole repository follows and no
// compiler knows.
//
//   - Imports point down the list in order_test.go, and library packages depend on the standard
//     library and golang.org/x/sys/unix alone. A dependency of one internal package stays
//     confined to that package.
//   - Platform differences are files: no library code asks for runtime.GOOS, and the build
//     constraint of a file fits its name.
//   - unsafe is in files named for it, packages are named for their purpose, files stay short, and
//     everything exported by a library package has a doc comment.
//   - api/ lists the exported API, so that a change of it is a decision.
//   - The programs and pieces of programs in the papers compile, and the files, names and targets
//     that papers mention exist.
//   - A small program is small: the linker leaves out the parts that it does not use.
package archtest
