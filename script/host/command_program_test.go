package host_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// parents prints the name of its parent process.
const parents = "#!/bin/sh\nread name </proc/$PPID/comm; echo $name $#\"$*\" $PWD\n"

func TestAProgramWithItsArgumentsNeedsNoShell(t *testing.T) {
	if _, err := os.Stat("/proc/self/comm"); err != nil {
		t.Skip("the system does not tell the name of a parent: ", err)
	}
	dir, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "parents"), []byte(parents), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "plain"), []byte("echo plain $1\n"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "killed"), []byte("#!/bin/sh\nkill -9 $$\n"), 0o755))
	require.NoError(t, os.Symlink(dir, filepath.Join(dir, "link")))
	require.Equal(t, []string{
		`true "3a b c"`, `false "2a b"`, `true "0"`, `"` + dir + `" "` + dir + `/link" "` + dir + `"`, `"plain x\n"`, `null "SIGKILL"`, `127 true`, `127 true`, `true`,
	}, dollar(t, `
		const dir = '`+dir+`';
		const ask = async (command) => { const [name, args, pwd] = (await command.text()).match(/^(\S+) (.*) (\S+)\n$/).slice(1); return { ours: name !== 'sh' && name !== 'dash', args, pwd }; };
		let a = await ask($`+"`${dir}/parents ${'a'} 'b' ${['c']}`"+`);
		tell(a.ours, a.args);
		a = await ask($`+"`${dir}/parents a b; :`"+`);
		tell(a.ours, a.args);
		const own = $({ env: { ...process.env, PATH: dir + ':' + process.env.PATH } });
		a = await ask(own`+"`parents`"+`);
		tell(a.ours, a.args);
		const at = async (cwd, PWD) => /^PWD=(.*)$/m.exec(await $({ cwd, env: { PATH: process.env.PATH, PWD } })`+"`env`"+`.text())[1];
		tell(await at(dir, '/'), await at(dir, dir + '/link'), await at(dir + '/link', undefined));
		tell(await $`+"`${dir}/plain x`"+`.text());
		const killed = await $`+"`${dir}/killed`"+`.nothrow();
		tell(killed.exitCode, killed.signal);
		for (const name of ['/nothing/here', 'nothing-here']) {
			const missing = await failure($`+"`${name} x`"+`);
			tell(missing.exitCode, missing.stderr.includes('not found'));
		}
		const { stdout } = await $({ env: { PATH: dir + ':' + process.env.PATH, 'BASH_FUNC_parents%%': '() { echo function; }' } })`+"`parents`"+`;
		tell(/^(function$|sh |dash )/.test(stdout.trim()));`))
}
