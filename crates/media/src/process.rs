//! One child process under limits.
//!
//! `prlimit` (util-linux) sets the limits and then becomes the program, so that there is one
//! process to watch and to kill, and no `unsafe` here. Its standard output is read as it comes by
//! a reader that may stop early; its standard error is kept up to a bound and otherwise thrown
//! away. Whatever happens, the child is dead and reaped when [`run`] returns.

use std::ffi::OsString;
use std::io::{self, Read};
use std::os::unix::process::ExitStatusExt;
use std::panic::resume_unwind;
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::{Limits, MediaError, tools};

/// How much of standard error is kept: enough for the first complaints, whatever a file provokes.
const STDERR_BYTES: usize = 64 << 10;
/// Libraries, input, output and pipes; ffmpeg itself has about 10 open.
const OPEN_FILES: u32 = 64;
const SIGKILL: i32 = 9;
const SIGXCPU: i32 = 24;

/// What to run.
pub(crate) struct Task {
    pub(crate) program: &'static str,
    pub(crate) args: Vec<OsString>,
    /// What it reads beside the files it is told of.
    pub(crate) stdin: Stdio,
    /// The largest file it may write, in bytes.
    pub(crate) file_bytes: u64,
}

/// How it went.
pub(crate) struct Outcome<T> {
    pub(crate) output: T,
    pub(crate) stderr: String,
    pub(crate) status: ExitStatus,
    pub(crate) timed_out: bool,
}

impl<T> Outcome<T> {
    /// The same with another output.
    pub(crate) fn with<U>(self, output: impl FnOnce(T) -> U) -> Outcome<U> {
        Outcome {
            output: output(self.output),
            stderr: self.stderr,
            status: self.status,
            timed_out: self.timed_out,
        }
    }

    /// Stopped by the wall clock or by the limit on processor time.
    pub(crate) fn out_of_time(&self) -> bool {
        self.timed_out || matches!(self.status.signal(), Some(SIGXCPU | SIGKILL))
    }
}

/// Runs a program and hands its standard output to `read`.
pub(crate) fn run<T: Send>(
    task: Task,
    limits: &Limits,
    read: impl FnOnce(&mut ChildStdout) -> T + Send,
) -> Result<Outcome<T>, MediaError> {
    let deadline = Instant::now() + limits.wall;
    let mut child =
        Reaped(
            command(task, limits)?
                .spawn()
                .map_err(|source| MediaError::System {
                    action: "start the decoder",
                    source,
                })?,
        );
    let mut stdout = child.0.stdout.take().expect("standard output is piped");
    let mut stderr = child.0.stderr.take().expect("standard error is piped");
    let (done, finished) = mpsc::channel::<()>();
    thread::scope(|scope| {
        let reader = scope.spawn(move || {
            let output = read(&mut stdout);
            // Closing the pipe ends a child that still wants to write.
            drop(stdout);
            drop(done);
            output
        });
        let complaints = scope.spawn(move || read_start(&mut stderr));
        let left = deadline.saturating_duration_since(Instant::now());
        let mut timed_out = finished.recv_timeout(left) == Err(mpsc::RecvTimeoutError::Timeout);
        let status = if timed_out {
            None
        } else {
            wait_until(&mut child.0, deadline)?
        };
        timed_out |= status.is_none();
        let status = match status {
            Some(status) => status,
            None => kill(&mut child.0)?,
        };
        Ok(Outcome {
            // What is read may be watched by others' code.
            output: reader.join().unwrap_or_else(|fault| resume_unwind(fault)),
            stderr: complaints.join().expect("readers do not panic"),
            status,
            timed_out,
        })
    })
}

fn command(task: Task, limits: &Limits) -> Result<Command, MediaError> {
    let mut command = Command::new(tools::find("prlimit")?);
    command
        .arg(format!("--as={}", limits.memory_bytes))
        .arg(format!("--cpu={}", limits.cpu_seconds.max(1)))
        .arg(format!("--fsize={}", task.file_bytes))
        .arg(format!("--nofile={OPEN_FILES}"))
        .arg("--core=0")
        .arg("--")
        .arg(tools::find(task.program)?)
        .args(task.args)
        .current_dir(Path::new("/"))
        .env_clear()
        .env("LC_ALL", "C")
        .env("AV_LOG_FORCE_NOCOLOR", "1")
        // Each arena of glibc reserves 64 MiB of address space, which is what the limit counts.
        .env("MALLOC_ARENA_MAX", "2")
        .stdin(task.stdin)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    Ok(command)
}

/// The exit status, or `None` when the deadline came first.
fn wait_until(child: &mut Child, deadline: Instant) -> Result<Option<ExitStatus>, MediaError> {
    loop {
        let status = child.try_wait().map_err(watch)?;
        if status.is_some() || Instant::now() >= deadline {
            return Ok(status);
        }
        // The pipe is closed, so the child is on its way out: this turns a few times at most.
        thread::sleep(Duration::from_micros(500));
    }
}

fn kill(child: &mut Child) -> Result<ExitStatus, MediaError> {
    child.kill().map_err(watch)?;
    child.wait().map_err(watch)
}

fn watch(source: io::Error) -> MediaError {
    MediaError::System {
        action: "watch the decoder",
        source,
    }
}

/// Keeps the beginning and drains the rest, so that a talkative child never blocks.
fn read_start(stderr: &mut ChildStderr) -> String {
    let mut kept = Vec::new();
    let read = stderr.take(STDERR_BYTES as u64).read_to_end(&mut kept);
    if read.is_ok() {
        // A broken pipe here only means that the child is gone.
        let _ = io::copy(stderr, &mut io::sink());
    }
    String::from_utf8_lossy(&kept).into_owned()
}

/// A child that does not outlive its owner, not even through a panic or an early return.
struct Reaped(Child);

impl Drop for Reaped {
    fn drop(&mut self) {
        if matches!(self.0.try_wait(), Ok(None)) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, limits: &Limits) -> Result<Outcome<Vec<u8>>, MediaError> {
        let task = Task {
            program: "sh",
            args: vec!["-c".into(), script.into()],
            stdin: Stdio::null(),
            file_bytes: 0,
        };
        run(task, limits, |stdout| {
            let mut bytes = Vec::new();
            stdout.take(1 << 20).read_to_end(&mut bytes).unwrap();
            bytes
        })
    }

    fn within(wall_ms: u64) -> Limits {
        Limits {
            wall: Duration::from_millis(wall_ms),
            ..Limits::live()
        }
    }

    #[test]
    fn a_child_that_sleeps_is_killed_at_the_wall_clock() {
        let start = Instant::now();
        let outcome = shell("exec sleep 20", &within(100)).unwrap();
        assert!(outcome.timed_out && outcome.out_of_time());
        assert!(start.elapsed() < Duration::from_secs(5));
    }

    #[test]
    fn a_child_that_closes_its_output_and_stays_is_killed_too() {
        let outcome = shell("exec >&-; exec sleep 20", &within(100)).unwrap();
        assert!(outcome.timed_out);
    }

    #[test]
    fn a_busy_child_is_stopped_by_its_processor_time() {
        let limits = Limits {
            cpu_seconds: 1,
            ..within(20_000)
        };
        let outcome = shell("while :; do :; done", &limits).unwrap();
        assert!(!outcome.timed_out && outcome.out_of_time());
    }

    #[test]
    fn a_flood_of_output_is_read_up_to_the_bound_and_ended() {
        let start = Instant::now();
        let outcome = shell("exec yes", &within(20_000)).unwrap();
        assert_eq!(outcome.output.len(), 1 << 20);
        assert!(!outcome.timed_out && start.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn a_flood_of_complaints_is_kept_up_to_its_bound() {
        let outcome = shell("yes | head -c 1000000 >&2", &within(20_000)).unwrap();
        assert_eq!(outcome.stderr.len(), STDERR_BYTES);
        assert!(!outcome.timed_out);
    }

    #[test]
    fn the_child_sees_no_environment_of_ours_and_no_input() {
        let outcome = shell(
            "env | cut -d= -f1 | sort | tr '\\n' ' '; cat",
            &within(20_000),
        )
        .unwrap();
        let names = String::from_utf8(outcome.output).unwrap();
        for name in ["HOME", "USER", "PATH", "CARGO_MANIFEST_DIR"] {
            assert!(!names.split(' ').any(|seen| seen == name), "{names}");
        }
    }

    #[test]
    fn the_child_may_not_write_files_beyond_its_bound() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x");
        shell(
            &format!("echo too much > {}", file.display()),
            &within(20_000),
        )
        .unwrap();
        assert_eq!(fs_err::metadata(&file).unwrap().len(), 0);
    }
}
