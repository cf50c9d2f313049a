package main

import "syscall"

// nodeProcess is how the demo starts a node: in a process group of its own, so
// that Ctrl-C reaches the demo alone, which ends its nodes in order; and ended by
// the system if the demo dies without a chance to do so.
func nodeProcess() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}
