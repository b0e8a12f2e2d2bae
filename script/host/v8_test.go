package host_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestValuesGoThroughBytes(t *testing.T) {
	require.Equal(t, []string{
		`{ a: [ 1, 'x', undefined ], m: Map(1) { 1 => 2 }, b: <Buffer 68 69>, d: 1970-01-01T00:00:00.000Z }`, "true",
		"Error", "ERR_INVALID_ARG_TYPE", "ERR_INVALID_ARG_VALUE",
	}, printed(t, `
		const v8 = require('v8'), util = require('util');
		const value = { a: [1, 'x', undefined], m: new Map([[1, 2]]), b: Buffer.from('hi'), d: new Date(0) };
		const copy = v8.deserialize(v8.serialize(value));
		console.log(util.inspect(copy, { breakLength: Infinity }));
		const circle = {};
		circle.self = circle;
		const round = v8.deserialize(v8.serialize(circle));
		console.log(round.self === round);
		try { v8.serialize(() => {}); } catch (e) { console.log(e.name); }
		for (const bad of ['text', Buffer.from('bad')]) try { v8.deserialize(bad); } catch (e) { console.log(e.code); }`))
}
