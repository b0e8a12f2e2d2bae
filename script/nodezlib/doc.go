// Package nodezlib compresses and decompresses bytes that come piece by piece, as Node's module
// zlib does: zlib, gzip, raw deflate, Brotli and Zstandard.
package nodezlib
