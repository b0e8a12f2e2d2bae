package conformance

// scenarios are the behaviours that tests of the best peers check of their own child processes,
// pipes, signals and loops, as it reads for this library. From names tests of libuv, Rust, tokio,
// CPython, Go and others.
var scenarios = []Behaviour{
	// Spawn, errors, environment, PATH.
	{"S001", "libuv spawn_fails; Rust smoke_failure", "A program that does not exist is one error event; no exit; the loop ends by itself."},
	{"S002", "libuv spawn_fails_check_for_waitpid_cleanup; Rust process-spawn-failure", "A hundred failed spawns leave no process, not even a dead one."},
	{"S003", "Go TestPipeLookPathLeak; CPython test_leaking_fds_on_error, test_nonexisting_with_pipes", "Failed spawns leave no descriptor, and their streams are nil or come to their end."},
	{"S004", "CPython test_file_not_found_with_bad_cwd, test_exception_cwd", "A working directory that is missing, a file, or closed to the user is what the error blames."},
	{"S005", "Go TestInvalidExec; Rust test_process_output_fail_to_start; Deno #34945", "A file without format, permission or interpreter, and a directory, are told apart."},
	{"S006", "Rust test_interior_nul_*; Go TestEnvNULCharacter", "A NUL byte in program, arguments, directory or environment is refused before anything is opened."},
	{"S007", "Go TestNoPath, TestForkExecNilArgv, TestStart_twice, TestDoubleStartLeavesPipesOpen", "No program is an error; a second start leaves the first child alone."},
	{"S008", "libuv spawn_empty_env; CPython test_empty_env", "An empty environment is empty."},
	{"S009", "libuv spawn_preserve_env; Rust inherit-env, test_capture_env_at_spawn", "No environment is the parent's at the time of the call; the parent's is never written."},
	{"S010", "Go TestDedupEnvEcho; Rust process-remove-from-env, env-funky-keys", "Of equal keys the last one wins, once; odd keys and empty values pass."},
	{"S011", "Rust issue-20091, process-spawn-with-unicode-params; CPython test_undecodable_env, test_bytes_program", "Any bytes in names, arguments, environment and directory arrive as they are."},
	{"S012", "libuv spawn_reads_child_path; Rust #137286", "The child's PATH decides where the program is looked up, or the parent's when asked for."},
	{"S013", "Go dot_test TestLookPath, TestLookPathUnixEmptyPath, TestFindExecutableVsNoexec", "Empty elements and \".\" of PATH, and matches that cannot be executed, are each decided as documented."},
	{"S014", "libuv spawn_relative_path; Rust command-current-dir; Go TestCommandRelativeName, TestImplicitPWD, TestExplicitPWD", "A relative program is resolved from the child's directory; PWD follows it when the environment is inherited."},
	{"S015", "tokio arg0; Rust command-argv0; Node spawn-argv0", "argv[0] can be something else than the program."},

	// Descriptors and the layout of stdio.
	{"S016", "libuv spawn_ignored_stdio; Rust issue-14456; CPython test_devnull_input/output/error", "Ignored descriptors are the null device."},
	{"S017", "libuv spawn_stdout_to_file, spawn_stdout_and_stderr_to_file", "One file as stdout, and as stderr too, takes all bytes in order at one offset."},
	{"S018", "libuv spawn_stdout_and_stderr_to_file_swap; Rust issue-30490; CPython test_swap_fds", "Stdout and stderr can be swapped, and the parent's stay as they are."},
	{"S019", "libuv spawn_stdio_greater_than_3; CPython test_pass_fds; Go TestExtraFiles", "Only the slots that were given are open, and data flows on each."},
	{"S020", "Rust fds-are-cloexec; libuv spawn_fs_open; CPython test_pipe_cloexec; Node http-socket-leak", "A child sees nothing of the parent's descriptors but its layout."},
	{"S021", "libuv spawn_inherit_streams", "Ends of the parent's own pipes carry every byte value and the end."},
	{"S022", "libuv spawn_same_stdout_stderr; CPython test_stdout_stdin_are_single_inout_fd", "One descriptor in several slots works for every pair and is closed once."},
	{"S023", "libuv spawn_tcp_server; Node child-process-server-close", "A bound socket in a slot is served by the child; the parent's copy is its own."},
	{"S024", "tokio anon_pipe_into_blocking_fd, anon_pipe_spawn_echo; Bun fd-nonblock-probe", "A child's descriptors are in blocking mode, so its large write completes though the parent reads late."},
	{"S025", "nodejs/node#21941; node-v0.x#5689", "Standard pipes are FIFOs that can be opened again by path."},
	{"S026", "Rust fd_test_close_time", "What is handed over is closed once the spawn is over, however it ends; what is borrowed is not."},
	{"S027", "CPython test_pipesizes, test_pipesize_default", "A pipe has the capacity that was asked for."},

	// Streams and back-pressure.
	{"S028", "libuv spawn_stdout, spawn_stdin; Rust stdin_works; Node stdin", "Text goes through cat and comes back, then ends, exit and close in causal order."},
	{"S029", "Rust issue-14940; CPython test_read_stdout_after_process_exit; Node stdout-flush-exit", "What was written before the exit is read slowly and whole."},
	{"S030", "tokio feed_a_lot; CPython test_communicate_pipe_buf, test_writes_before_communicate; Node stdin-pipe-large", "Numbered lines and many megabytes go through cat without deadlock and with bounded memory."},
	{"S031", "CPython test_pause_reading; Node pipe-dataflow, stdio-big-write-end", "A pause stops an endless writer, buffering stays bounded, and resuming loses nothing."},
	{"S032", "CPython test_stdin_broken_pipe, test_communicate_ignore_broken_pipe; Go TestIgnorePipeErrorOnSuccess", "A child that exits without reading its megabytes is a success; the parent gets EPIPE and no signal."},
	{"S033", "Go TestClosePipeOnCopyError", "When a consumer fails, an endless child ends of SIGPIPE, and the consumer's error is what counts."},
	{"S034", "libuv close_fd", "One byte, a pause, the end: each is told once."},
	{"S035", "libuv pipe_close_stdout_read_stdin", "The end of a writer long gone comes in one turn."},
	{"S036", "tokio vectored_writes; libuv write callbacks; CPython test_write_partial", "Queued writes of any size, none too, keep their order and that of their callbacks; the end comes last."},
	{"S037", "go-cmd TestStreaming{MultipleLines, LastNotTerminated, BlankLines, CarriageReturn, LineBuffering}", "Lines do not depend on the borders of chunks."},
	{"S038", "tokio pipe_from_one_command_to_another; Rust process-sigpipe; Node merge-stdouts-into-cat; duct", "A pipeline over the kernel ends quietly from its last part to its first, without data through the parent."},

	// Exit, close, reaping.
	{"S039", "libuv spawn_exit_code; Rust unix_exit_statuses; dumb-init test_exit_status_regular_exit", "Every exit status is reported exactly, and only 0 is a success."},
	{"S040", "Rust exitstatus_display_tests, signal_reported_right; CPython test_run_abort", "Every word of wait(2) is decoded into its own kind, with a readable text."},
	{"S041", "tokio simple, try_wait; Rust test_finish_twice", "The status is the same however often and whenever it is asked for, with pid and resource usage."},
	{"S042", "tokio issue_42", "Many short children at once each tell exit and close, whatever else the loop does."},
	{"S043", "CPython test_sigchld_two_children_terminating_together; libuv spawn_exercise_sigchld_issue", "Two children that end in one instant, and one amid failing spawns, are each told once and right."},
	{"S044", "Go TestWaitid; CPython test_stopped; Node kill", "Stop and continue are events when asked for and never an exit; a stopped child can be killed."},
	{"S045", "CPython test_subprocess_protocol_events; Node flush-stdio, stdout-flush, exit", "Data and ends, one exit, one close, close last; streams that nobody reads are drained."},
	{"S046", "libuv spawn_detached, spawn_auto_unref, process_ref; Node detached, unref; Deno unref_survives", "A detached, unref'd child lets the loop end and lives on in its own session."},
	{"S047", "tokio status_closes_any_pipes; Node default-options", "A child that waits for the end of its stdin gets it, at the latest when the loop closes."},

	// Kill, groups, timeouts, credentials, terminals.
	{"S048", "libuv spawn_and_kill, spawn_and_kill_with_std", "SIGTERM ends a sleeper with open pipes and a pending write; everything is told."},
	{"S049", "libuv spawn_and_ping, kill_invalid_signum; Node kill", "Signal 0 asks and delivers nothing; what is no signal is refused."},
	{"S050", "tokio kill_after_wait; Go TestErrProcessDone; CPython test_send_signal_dead; Rust test_destroy_twice", "Killing again, after exit and after close is harmless and hits nobody else."},
	{"S051", "Rust test_process_group_*, test_setsid_*; CPython test_process_group_0, test_start_new_session; Go TestPgid", "A new process group, an existing one and a new session are as asked; a signal to the group reaches all members."},
	{"S052", "Go TestContextCancel, TestWaitInterrupt/SIGINT-handled", "A cancelled child that handles the signal and exits with 0 is reported as cancelled, with its status."},
	{"S053", "execa forceKillAfterDelay; Go TestWaitInterrupt/SIGINT-ignored", "A child that ignores the signal is killed after the grace, one that obeys gets no second signal."},
	{"S054", "Node exec-timeout-expire, -not-expired, -kill, spawn-timeout-kill-signal; execa timeout", "A timeout is reported with its signal; one that does not expire does not hold the loop."},
	{"S055", "dumb-init test_setsid_signals_entire_group / test_no_setsid_…; execa killDescendants; CPython test_kill_issue43884", "A plain kill leaves a shell's descendants, a kill of the group ends all."},
	{"S056", "libuv spawn_setuid_setgid, spawn_setuid_fails, spawn_setgid_fails; Go TestGroupCleanup, TestCredentialNoSetGroups; CPython test_extra_groups; Rust command-setgroups", "User, group and supplementary groups are exactly as asked; who may not gets EPERM and no process."},
	{"S057", "CPython test_umask; Go TestRlimitRestored; libuv process_priority", "umask, nice and limits of one child are its own; the raised limit of Go is not handed on."},
	{"S058", "creack/pty TestReadWriteText, TestSetsize; Bun Bun.Terminal; dumb-init test_tty", "A child on a pseudo-terminal has a terminal of the right size, hears of a resize, and its end is a normal end."},

	// Signals.
	{"S059", "libuv we_get_signal", "A watcher gets ten signals, none while closed, and ten again."},
	{"S060", "libuv we_get_signals; tokio notify_both, signal_realtime", "Every watcher sees every spaced send, of real-time signals too."},
	{"S061", "libuv we_get_signal_one_shot", "A watcher closed in its own callback is called once and can be armed again."},
	{"S062", "tokio drop_then_get_a_signal, twice, dropping_signal_does_not_deregister_any_other_instances", "Watchers of one signal closed in any order leave the others receiving."},
	{"S063", "CPython test_remove_signal_handler, test_add_signal_handler_install_error; Go TestReset, TestIgnored, TestDetectNohup; Node signal-unregister", "After the last watcher the disposition from before is back; SIGKILL and SIGSTOP are refused."},
	{"S064", "libuv signal_close_loop_alive, has_ref", "An unref'd watcher does not hold the loop; what is pending when it is closed is dropped."},

	// Messages.
	{"S065", "Node fork, ipc, send-utf8; execa “Can exchange IPC messages”", "Every kind of JSON value arrives equal and in order, in both directions."},
	{"S066", "Node send-cb, send-returns-boolean; execa “Handles backpressure”", "A fast sender is told to wait, then of the drain; memory stays bounded if it obeys."},
	{"S067", "Node send-after-close, disconnect, fork-closed-channel-segfault; execa “Can send messages while the subprocess is closing”", "Queued messages arrive before a disconnect, which is one event on each side; a late send is an error."},
	{"S068", "Node stdin-ipc, stdout-ipc, fork-stdio", "The channel may be any slot; two of them are refused."},
	{"S069", "Node fork-ref, fork-ref2, send-keep-open; execa reference tests", "A child's channel holds its loop while somebody listens or a send is pending."},
	{"S070", "Node child-process-internal, fork-and-spawn; Deno #32421", "Internal messages never reach the user; grandchildren see no channel; a bogus channel number is a clear error."},
	{"S071", "libuv ipc_listen_before_write, ipc_listen_after_write, ipc_tcp_connection, ipc_send_zero", "A listener, a connection and a handle with an empty message arrive usable; the sender's copy follows the ownership rule."},
	{"S072", "libuv ipc_send_recv_pipe/tcp; Node recv-handle", "Two handles back to back in each direction arrive in order, and none leaks."},
	{"S073", "execa getOneMessage/getEachMessage, strict; Node ipc-next-tick", "Everybody who waits for a message is served once or told why not."},

	// The loop.
	{"S074", "libuv timer, timer_order, timer_start_twice, timer_again, timer_zero_timeout, timer_from_check, timer_no_double_call_once", "Timers fire by deadline, then by creation; a stopped one never does; none starves the rest."},
	{"S075", "libuv loop_stop, loop_stop_before_run, run_nowait, loop_alive", "Stop from anywhere ends the run promptly with the right answer, and it can be resumed."},
	{"S076", "libuv async, async_ref; CPython call_soon_threadsafe", "Posts from many goroutines run exactly once, in order for each, without a lost wake-up; after Close they are refused."},
	{"S077", "libuv poll_duplex, poll_unidirectional, poll_bad_fdtype, poll_nested_epoll, embed", "Foreign descriptors of every kind are watched as asked or refused; a loop can be embedded in another."},
	{"S078", "libuv close_order, loop_close, loop_instant_close, shutdown_close_pipe", "Closing callbacks come later, Close is refused while something lives, and every descriptor is given back."},
}
