package host_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMemoryUsageIsWhatTheSystemCounts(t *testing.T) {
	require.Equal(t, []string{"true true"}, printed(t, `
		const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(require('fs').readFileSync('/proc/self/status', 'utf8'));
		const near = (bytes) => Math.abs(bytes / 1024 / kilobytes - 1) < 0.5;
		console.log(near(process.memoryUsage().rss), near(process.memoryUsage.rss()));`))
}
