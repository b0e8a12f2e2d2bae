package nodetext

import "strings"

// Labels returns the labels of all encodings.
func Labels() (all []string) {
	for _, row := range labels {
		all = append(all, strings.Fields(row[1])...)
	}
	return all
}
