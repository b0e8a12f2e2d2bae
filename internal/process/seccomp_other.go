//go:build unix && !(linux && (amd64 || arm64))

package process

// FilterMistake returns "": filters are refused here, whatever is in them.
func FilterMistake([]SockFilter) string { return "" }
