// Package nodezlib compresses and decompresses bytes that come piece by piece, as Node's module
// zlib does: the formats of zlib, gzip and raw deflate by compress/flate, and Brotli.
package nodezlib
