package cluster

// ParseQuery reads a query as the primary does, and returns the key of its listener.
func ParseQuery(in map[string]any) (key string, err error) {
	q, err := parseQuery(&inbound{
		Index: in["index"], Address: in["address"], Port: in["port"], AddressType: in["addressType"], FD: in["fd"], Flags: in["flags"],
		Backlog: in["backlog"], ReadableAll: in["readableAll"], WritableAll: in["writableAll"],
	})
	return q.key, err
}
