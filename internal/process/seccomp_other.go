//go:build unix && !(linux && (amd64 || arm64))

package process

// FilterMistake returns "", because Unsupported refuses any filter here.
func FilterMistake([]SockFilter) string { return "" }
