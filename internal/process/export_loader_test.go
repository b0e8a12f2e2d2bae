//go:build unix

package process

// Loader is loader.
var Loader = loader
