//! A Hugging Face hub of one model: HTTP/1.1 on a port of this machine, a thread for each connection.
//! It speaks what a client needs: the list of files, redirects to large ones, `ETag`s, ranges.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
};

use sha1::{Digest, Sha1};
use sha2::Sha256;

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
/// Larger files come by a redirect, as from a hub's large-file store.
const LARGE: usize = 1000;

#[derive(Default)]
struct State {
    files: BTreeMap<&'static str, Vec<u8>>,
    /// Path and range of each request.
    requests: Vec<(String, String)>,
    /// Large files break off after so many bytes, once.
    cut_after: Option<usize>,
    corrupt: Option<&'static str>,
    is_stopped: bool,
}

/// The hub; it goes when it is dropped.
pub struct HubServer {
    address: String,
    state: Arc<Mutex<State>>,
}

impl HubServer {
    /// The one model it has.
    pub const MODEL: &str = "facebook/blenderbot_small-90M";

    /// A hub whose model has these files.
    pub fn start(files: BTreeMap<&'static str, Vec<u8>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State {
            files,
            ..State::default()
        }));
        let (shared, own) = (state.clone(), address.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if shared.lock().unwrap().is_stopped {
                    return;
                }
                let (shared, own) = (shared.clone(), own.clone());
                std::thread::spawn(move || serve(&stream, &own, &shared));
            }
        });
        Self { address, state }
    }

    /// Where it is, `http://127.0.0.1:PORT`.
    pub fn address(&self) -> String {
        self.address.clone()
    }

    /// How often it was asked anything.
    pub fn n_requests(&self) -> usize {
        self.state.lock().unwrap().requests.len()
    }

    /// The ranges asked of a file, in order; empty for a whole one.
    pub fn ranges(&self, file: &str) -> Vec<String> {
        let state = self.state.lock().unwrap();
        let of_file = state
            .requests
            .iter()
            .filter(|(path, _)| path.ends_with(file));
        of_file.map(|(_, range)| range.clone()).collect()
    }

    /// Breaks off the next large file after so many bytes, once.
    pub fn cut_after(&self, n_bytes: usize) {
        self.state.lock().unwrap().cut_after = Some(n_bytes);
    }

    /// Sends a file with a bit changed from now on.
    pub fn corrupt(&self, file: &'static str) {
        self.state.lock().unwrap().corrupt = Some(file);
    }

    /// Sends every file as it is again.
    pub fn heal(&self) {
        self.state.lock().unwrap().corrupt = None;
    }
}

impl Drop for HubServer {
    fn drop(&mut self) {
        self.state.lock().unwrap().is_stopped = true;
        // Wakes the listener, which then goes and closes its port.
        let _ = TcpStream::connect(self.address.trim_start_matches("http://"));
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

fn serve(stream: &TcpStream, own: &str, state: &Mutex<State>) {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut range = String::new();
    loop {
        let mut header = String::new();
        if reader.read_line(&mut header).unwrap() <= 2 {
            break;
        }
        if let Some((key, value)) = header.split_once(':')
            && key.eq_ignore_ascii_case("range")
        {
            value.trim().clone_into(&mut range);
        }
    }
    let mut state = state.lock().unwrap();
    state.requests.push((path.clone(), range.clone()));
    let response = answer(&mut state, &path, &range, own);
    drop(state);
    // A client that has seen enough is no failure of the server.
    let _ = (&mut &*stream).write_all(&response);
}

fn answer(state: &mut State, path: &str, range: &str, own: &str) -> Vec<u8> {
    let model = HubServer::MODEL;
    if path == format!("/api/models/{model}/revision/main") {
        let files: Vec<String> = state
            .files
            .keys()
            .map(|file| format!("{{\"rfilename\": \"{file}\"}}"))
            .collect();
        let json = format!(
            "{{\"sha\": \"{COMMIT}\", \"siblings\": [{}]}}",
            files.join(", ")
        );
        return response(
            "200 OK",
            &["Content-Type: application/json"],
            json.as_bytes(),
        );
    }
    let resolved = path.strip_prefix(&format!("/{model}/resolve/{COMMIT}/"));
    let stored = path.strip_prefix("/store/");
    let Some((&file, bytes)) = resolved
        .or(stored)
        .and_then(|name| state.files.get_key_value(name))
    else {
        return response("404 Not Found", &[], b"");
    };
    let mut bytes = bytes.clone();
    let etag = etag(&bytes);
    let commit = format!("X-Repo-Commit: {COMMIT}");
    if resolved.is_some() && bytes.len() > LARGE {
        let location = format!("Location: {own}/store/{file}");
        let etag = format!("X-Linked-Etag: \"{etag}\"");
        return response("302 Found", &[&commit, &location, &etag], b"");
    }
    if state.corrupt == Some(file) {
        bytes[5] ^= 1;
    }
    partial(
        state,
        &bytes,
        range,
        &[&commit, &format!("ETag: \"{etag}\"")],
    )
}

fn partial(state: &mut State, bytes: &[u8], range: &str, headers: &[&str]) -> Vec<u8> {
    let (start, end) = range
        .trim_start_matches("bytes=")
        .split_once('-')
        .unwrap_or(("0", ""));
    let start: usize = start.parse().unwrap_or(0);
    let end: usize = end
        .parse()
        .map_or(bytes.len(), |end: usize| (end + 1).min(bytes.len()));
    if start >= end {
        return response("416 Range Not Satisfiable", &[], b"");
    }
    let body = &bytes[start..end];
    let content_range = format!("Content-Range: bytes {start}-{}/{}", end - 1, bytes.len());
    let headers = [headers, &[content_range.as_str()]].concat();
    let mut whole = response("206 Partial Content", &headers, body);
    if body.len() > LARGE
        && let Some(cut) = state.cut_after.take()
    {
        whole.truncate(whole.len() - body.len() + cut);
    }
    whole
}

fn response(status: &str, headers: &[&str], body: &[u8]) -> Vec<u8> {
    let length = format!("Content-Length: {}", body.len());
    let head = [&[status, "Connection: close", &length], headers, &["\r\n"]].concat();
    [b"HTTP/1.1 ", head.join("\r\n").as_bytes(), body].concat()
}

/// The `ETag` of a file, as a hub gives them: SHA-256 of large files, git's hash of small ones.
pub fn etag(bytes: &[u8]) -> String {
    let digits = |bytes: &[u8]| {
        bytes
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<Vec<_>>()
    };
    let hex = |bytes: &[u8]| digits(bytes).concat();
    if bytes.len() > LARGE {
        return hex(&Sha256::digest(bytes));
    }
    let blob = [format!("blob {}\0", bytes.len()).as_bytes(), bytes].concat();
    hex(&Sha1::digest(blob))
}
