module github.com/brood-go/brood/examples/webterm

go 1.26.0

require (
	github.com/brood-go/brood v0.0.0
	github.com/coder/websocket v1.8.15
	github.com/stretchr/testify v1.12.1
	golang.org/x/sys v0.49.0
)

require (
	github.com/go-json-experiment/json v0.0.0-20260820222146-c27c302e5fc3 // indirect
	go.yaml.in/yaml/v3 v3.0.5 // indirect
)

replace github.com/brood-go/brood => ../..
