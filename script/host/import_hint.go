package host

import (
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/brood-go/brood/script/resolve"
)

// withHint adds to the error of an import the file that require would have found, as Node does.
func (h *Host) withHint(err error, specifier, from string) error {
	e, ok := errors.AsType[*resolve.Error](err)
	if !ok || e.Code != "ERR_MODULE_NOT_FOUND" || filepath.IsAbs(specifier) {
		return err
	}
	dir := filepath.Dir(from)
	quiet := *h.modules.resolver // The import has given these warnings already.
	quiet.Warn = nil
	found, notFound := quiet.Require(specifier, dir)
	if notFound != nil {
		return err
	}
	hinted := *e
	hinted.Message += fmt.Sprintf("\nDid you mean to import %q?",
		(&url.URL{Path: importable(found, specifier, dir)}).EscapedPath())
	return &hinted
}

// importable returns the specifier that a module in dir has to import to get file: its place in a
// package, or else a relative path.
func importable(file, specifier, dir string) string {
	const modules = string(filepath.Separator) + "node_modules" + string(filepath.Separator)
	isPath := strings.HasPrefix(specifier, "./") || strings.HasPrefix(specifier, "../")
	if at := strings.LastIndex(file, modules); at >= 0 && !isPath {
		if inside := file[at+len(modules):]; strings.Contains(inside, string(filepath.Separator)) {
			return filepath.ToSlash(inside)
		}
	}
	path, err := filepath.Rel(dir, file)
	if err != nil {
		return file
	}
	if path = filepath.ToSlash(path); !strings.HasPrefix(path, "../") {
		path = "./" + path
	}
	return path
}
