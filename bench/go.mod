module github.com/brood-go/brood/bench

go 1.26.0

require (
	github.com/brood-go/brood v0.0.0
	golang.org/x/sys v0.49.0
)

replace github.com/brood-go/brood => ../
