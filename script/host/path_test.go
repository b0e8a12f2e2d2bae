package host_test

import "testing"

func TestPathsAreTakenApartAsInNode(t *testing.T) {
	requireExamples(t, "const { posix, win32 } = require('path');", []example{
		{"posix.resolve('/a', '../b', './c')", `"/b/c"`},
		{"posix.resolve('/a', '/b', '')", `"/b"`},
		{"posix.join('a', '', '../..', 'b/')", `"../b/"`},
		{"posix.normalize('/a//b/./../c/')", `"/a/c/"`},
		{"posix.relative('/a/b/c', '/a/d')", `"../../d"`},
		{"posix.basename('/a/b.html', '.html')", `"b"`},
		{"posix.dirname('//a')", `"//"`},
		{"posix.extname('.a.b')", `".b"`},
		{"posix.parse('/home/u/file.txt')", `{"root":"/","dir":"/home/u","base":"file.txt","ext":".txt","name":"file"}`},
		{"posix.format({ dir: '/a', name: 'b', ext: 'c' })", `"/a/b.c"`},
		{"posix.matchesGlob('a/b.js', 'a/*.{js,ts}')", "true"},
		{"posix.matchesGlob('a/b/c.js', '**/*.js')", "true"},
		{"win32.join('c:', 'a', '..', 'b')", `"c:\\b"`},
		{"win32.normalize('//server/share/a/../b')", `"\\\\server\\share\\b"`},
		{"win32.resolve('c:/a', 'd:/b', 'c:x')", `"c:\\a\\x"`},
		{`win32.relative('C:\\a\\B', 'c:\\A\\c')`, `"..\\c"`},
		{`win32.parse('C:\\a\\b.c')`, `{"root":"C:\\","dir":"C:\\a","base":"b.c","ext":".c","name":"b"}`},
		{`win32.toNamespacedPath('C:\\a')`, `"\\\\?\\C:\\a"`},
		{"win32.isAbsolute('c:a')", "false"},
		{"posix.join('a', 5)",
			`TypeError ERR_INVALID_ARG_TYPE: The "path" argument must be of type string. Received type number (5)`},
		{"posix.relative('a')",
			`TypeError ERR_INVALID_ARG_TYPE: The "to" argument must be of type string. Received undefined`},
		{"posix.parse(null)", `TypeError ERR_INVALID_ARG_TYPE: The "path" argument must be of type string. Received null`},
	})
}
