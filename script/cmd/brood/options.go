package main

import (
	"fmt"
	"slices"
	"strings"
)

// commandLine is a parsed command line.
type commandLine struct {
	script   string   // a file; "-": stdin; empty: none
	args     []string // of the script
	execArgv []string // the flags as written
	flags    []string // the flags in effect, those of NODE_OPTIONS first: --name or --name=value
	eval     *string
	print    bool
	check    bool
	help     bool
	version  bool
}

// usageError is the error of an invalid command line.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

// longNames maps short names and aliases of options to their long names.
var longNames = map[string]string{
	"-e": "--eval", "-p": "--print", "-pe": "--print", "-c": "--check", "-v": "--version", "-h": "--help", "-r": "--require",
	"-C": "--conditions", "-i": "--interactive", "--es-module-specifier-resolution": "--experimental-specifier-resolution",
	"--loader": "--experimental-loader", "--inspect-port": "--debug-port", "--prof-process": "--prof-process", "--expose_internals": "--expose-internals",
}

// withValue are the options with a value, after an equals sign or in the next argument.
const withValue = list(`conditions diagnostic-dir disable-warning dns-result-order env-file env-file-if-exists eval experimental-default-type
	experimental-loader icu-data-dir import input-type max-http-header-size network-family-autoselection-attempt-timeout print redirect-warnings
	require secure-heap secure-heap-min stack-trace-limit test-name-pattern test-reporter test-reporter-destination test-concurrency
	test-timeout test-shard test-skip-pattern test-isolation test-coverage-branches test-coverage-functions test-coverage-lines title
	tls-cipher-list tls-keylog trace-event-categories trace-event-file-pattern trace-require-module unhandled-rejections use-largepages
	v8-pool-size watch-path localstorage-file report-dir report-directory report-filename report-signal openssl-config max-old-space-size
	max-semi-space-size stack-size heapsnapshot-signal heapsnapshot-near-heap-limit cpu-prof-dir cpu-prof-interval cpu-prof-name disable-proto
	gc-interval max-heap-size max-lazy random-seed watch-kill-signal experimental-config-file`)

// withoutValue are the options without a value. They may have "no-" in front. Options without an
// effect here are accepted, because scripts pass them to the children they start.
const withoutValue = list(`abort-on-uncaught-exception addons allow-addons allow-child-process allow-natives-syntax allow-wasi allow-worker async-context-frame check
	deprecation disable-sigusr1 disallow-code-generation-from-strings enable-fips enable-network-family-autoselection enable-source-maps
	entry-url experimental-abortcontroller experimental-addon-modules experimental-async-context-frame experimental-detect-module
	experimental-eventsource experimental-fetch experimental-global-customevent experimental-global-navigator experimental-global-webcrypto
	experimental-import-meta-resolve experimental-inspector-network-resource experimental-json-modules experimental-modules
	experimental-network-inspection experimental-permission experimental-print-required-tla experimental-quic experimental-repl-await
	experimental-report experimental-require-module experimental-shadow-realm experimental-sqlite experimental-strip-types
	experimental-test-coverage experimental-test-module-mocks experimental-test-snapshots experimental-top-level-await
	experimental-transform-types experimental-vm-modules experimental-wasi-unstable-preview1 experimental-wasm-modules experimental-webstorage
	experimental-websocket experimental-worker expose-gc expose-internals extra-info-on-fatal-exception force-async-hooks-checks
	force-context-aware force-fips force-node-api-uncaught-exceptions-policy frozen-intrinsics global-search-paths help
	huge-max-old-generation-size insecure-http-parser interactive interpreted-frames-native-stack jitless network-family-autoselection
	node-memory-debug node-snapshot openssl-legacy-provider openssl-shared-config pending-deprecation permission preserve-symlinks
	preserve-symlinks-main prof report-compact report-exclude-network report-on-fatalerror report-on-signal report-uncaught-exception
	require-module strip-types test test-force-exit test-only test-update-snapshots throw-deprecation tls-max-v1.2 tls-max-v1.3
	tls-min-v1.0 tls-min-v1.1 tls-min-v1.2 tls-min-v1.3 trace-atomics-wait trace-deprecation trace-env trace-exit trace-gc trace-opt
	trace-deopt trace-promises trace-sigint trace-sync-io trace-tls trace-uncaught trace-warnings track-heap-objects use-bundled-ca
	use-openssl-ca use-system-ca verify-base-objects version warnings watch watch-preserve-output webstorage single-threaded
	predictable stress-flush-code flush-bytecode lazy opt turbofan maglev sparkplug always-sparkplug verify-heap zero-unused-memory
	heap-prof cpu-prof experimental-wasm-stringref zero-fill-buffers`)

// v8Options are options of V8 without a value, which have no effect here.
const v8Options = list(`harmony harmony-shadow-realm harmony-weak-refs js-float16array`)

// notInEnvironment are the options that NODE_OPTIONS must not have.
const notInEnvironment = list(`eval print check interactive version help expose-internals test prof v8-options completion-bash prof-process
	build-snapshot allow-natives-syntax`)

// list is words separated by blanks. Searching it takes less time than making a table, because most
// command lines have few options or none.
type list string

func (l list) has(word string) bool {
	for one := range strings.FieldsSeq(string(l)) {
		if one == word {
			return true
		}
	}
	return false
}

// option returns the long name of an argument, its value, and whether it has a value. ok is false
// if it is no known option.
func option(arg string) (name, value string, hasValue, ok bool) {
	name, value, hasValue = strings.Cut(arg, "=")
	if long, ok := longNames[name]; ok {
		name = long
	}
	if !strings.HasPrefix(name, "--") {
		return "", "", false, false
	}
	name = "--" + strings.ReplaceAll(name[2:], "_", "-")
	word := strings.TrimPrefix(name[2:], "no-")
	switch {
	case withValue.has(name[2:]):
		return name, value, hasValue, true
	case withoutValue.has(word), v8Options.has(word), strings.HasPrefix(word, "harmony"):
		return name, value, hasValue, !hasValue
	case withValue.has(word): // --no-title has no effect and no value.
		return name, "", false, !hasValue && word != "eval"
	}
	return name, "", false, false
}

// parse parses a command line. program is the name that errors begin with.
func parse(program string, args []string, nodeOptions string) (*commandLine, error) {
	c := &commandLine{}
	if err := c.fromEnvironment(program, nodeOptions); err != nil {
		return nil, err
	}
	if len(args) > 0 && args[0] == "run" {
		args = args[1:]
		if len(args) == 0 {
			return nil, &usageError{program + ": run: which file?"}
		}
	}
	rest := args
	for len(rest) > 0 && strings.HasPrefix(rest[0], "-") && rest[0] != "-" {
		arg := rest[0]
		rest = rest[1:]
		if arg == "--" {
			break
		}
		name, value, hasValue, ok := option(arg)
		if !ok {
			return nil, &usageError{fmt.Sprintf("%s: bad option: %s", program, arg)}
		}
		c.execArgv = append(c.execArgv, arg)
		if withValue.has(name[2:]) && !hasValue && (name != "--print" || len(rest) > 0 && !strings.HasPrefix(rest[0], "-")) {
			if len(rest) == 0 || rest[0] != "-" && len(rest[0]) > 1 && strings.HasPrefix(rest[0], "-") && name != "--eval" && name != "--print" {
				return nil, &usageError{fmt.Sprintf("%s: %s requires an argument", program, arg)}
			}
			value, hasValue, rest = rest[0], true, rest[1:]
			c.execArgv = append(c.execArgv, value)
		} else if withValue.has(name[2:]) && hasValue && value == "" && strings.HasPrefix(arg, "--") && name != "--eval" && name != "--print" {
			return nil, &usageError{fmt.Sprintf("%s: %s requires an argument", program, arg)}
		}
		c.take(name, value, hasValue)
	}
	return c, c.finish(program, rest)
}

// tests reports whether test files are to be run.
func (c *commandLine) tests() bool { return slices.Contains(c.flags, "--test") }

func (c *commandLine) take(name, value string, hasValue bool) {
	switch name {
	case "--eval":
		c.eval = &value
	case "--print":
		c.print = true
		if hasValue {
			c.eval = &value
		}
	case "--check":
		c.check = true
	case "--help":
		c.help = true
	case "--version":
		c.version = true
	}
	if hasValue {
		name += "=" + value
	}
	c.flags = append(c.flags, name)
}

// finish takes the arguments after the options: the script and its arguments.
func (c *commandLine) finish(program string, rest []string) error {
	switch {
	case slices.Contains(c.flags, "--interactive"):
		return &usageError{program + ": -i: there is no interactive mode"}
	case c.check && c.eval != nil:
		return &usageError{program + ": either --check or --eval can be used, not both"}
	case c.eval != nil || c.print:
		c.args = rest
	case len(rest) > 0:
		c.script, c.args = rest[0], rest[1:]
	}
	return nil
}

// fromEnvironment takes the options of NODE_OPTIONS, which are separated by spaces; quotes may
// enclose one.
func (c *commandLine) fromEnvironment(program, text string) error {
	words, err := splitWords(text)
	if err != nil {
		return &usageError{fmt.Sprintf("%s: %v", program, err)}
	}
	for len(words) > 0 {
		arg := words[0]
		words = words[1:]
		name, value, hasValue, ok := option(arg)
		if !ok || notInEnvironment.has(strings.TrimPrefix(name[2:], "no-")) {
			return &usageError{fmt.Sprintf("%s: %s is not allowed in NODE_OPTIONS", program, arg)}
		}
		if withValue.has(name[2:]) && !hasValue {
			if len(words) == 0 || strings.HasPrefix(words[0], "-") {
				return &usageError{fmt.Sprintf("%s: %s requires an argument", program, arg)}
			}
			value, hasValue, words = words[0], true, words[1:]
		}
		c.take(name, value, hasValue)
	}
	return nil
}

func splitWords(text string) (words []string, err error) {
	var word strings.Builder
	started, quoted := false, false
	for i := 0; i < len(text); i++ {
		switch b := text[i]; {
		case b == '\\' && quoted:
			if i++; i == len(text) {
				return nil, fmt.Errorf("invalid value for NODE_OPTIONS (invalid escape)")
			}
			word.WriteByte(text[i])
		case b == '"':
			quoted, started = !quoted, true
		case b == ' ' && !quoted:
			if started {
				words = append(words, word.String())
			}
			word.Reset()
			started = false
		default:
			word.WriteByte(b)
			started = true
		}
	}
	if quoted {
		return nil, fmt.Errorf("invalid value for NODE_OPTIONS (unterminated string)")
	}
	if started {
		words = append(words, word.String())
	}
	return words, nil
}
