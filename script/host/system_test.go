package host_test

import "testing"

func TestTheSystemIsDescribedAsInNode(t *testing.T) {
	requireExamples(t, `const os = require('os'); process.env.TMPDIR = '/x/';`, []example{
		{`os.EOL`, `"\n"`},
		{`os.tmpdir()`, `"/x"`},
		{"`${os.hostname}` === os.hostname() && os.hostname() !== ''", `true`},
		{`[os.type(), os.release(), os.version(), os.machine()].every((one) => typeof one === 'string' && one !== '')`,
			`true`},
		{`os.cpus().length > 0 && os.availableParallelism() > 0`, `true`},
		{`Object.keys(os.cpus()[0].times).join()`, `"user,nice,sys,idle,irq"`},
		{`os.totalmem() >= os.freemem() && os.freemem() > 0 && os.uptime() > 0`, `true`},
		{`os.loadavg().length`, `3`},
		{`os.userInfo().uid === process.getuid() && os.homedir().startsWith('/')`, `true`},
		{`Buffer.isBuffer(os.userInfo({ encoding: 'buffer' }).username)`, `true`},
		{`Object.values(os.networkInterfaces()).flat().every((one) => one.cidr.startsWith(one.address + '/'))`, `true`},
		{`os.constants.signals.SIGKILL`, `9`},
		{`Object.isFrozen(os.constants.signals)`, `true`},
		{`os.constants.errno.ENOENT`, `2`},
		{`os.getPriority() === os.getPriority(process.pid)`, `true`},
		{`os.getPriority('x')`,
			`TypeError ERR_INVALID_ARG_TYPE: The "pid" argument must be of type number. Received type string ('x')`},
		{`os.setPriority(0, 20)`,
			`RangeError ERR_OUT_OF_RANGE: The value of "priority" is out of range. It must be >= -20 && <= 19. Received 20`},
		{`os.getPriority(2 ** 30)`,
			`SystemError ERR_SYSTEM_ERROR: A system error occurred: uv_os_getpriority returned ESRCH (no such process)`},
	})
}
