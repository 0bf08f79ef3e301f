//! Fetching a model from a hub, through the `hf-hub` crate: it follows redirects, keeps what came
//! of an interrupted file and goes on from there, and heeds the proxy variables. The checksum is
//! ours: it does not compare any.

use std::path::{Path, PathBuf};

use hf_hub::{
    Repo, RepoType,
    api::{
        Progress, RepoInfo,
        sync::{Api, ApiBuilder, ApiError, ApiRepo},
    },
};

use crate::{HubError, ModelName, ModelStore, StoredModel, checksum, store};

const DEFAULT_ENDPOINT: &str = "https://huggingface.co";
/// How often a file that stops coming is taken up again.
const RETRIES: usize = 4;

/// What is told while files come.
pub trait PullProgress {
    /// A file begins, or is taken up again; of this many bytes.
    fn begin(&mut self, file: &str, n_bytes: u64);
    /// More bytes are here.
    fn advance(&mut self, n_bytes: u64);
    /// The file is whole.
    fn end(&mut self);
}

/// A server that speaks the protocol of the Hugging Face hub.
#[derive(Debug, Clone)]
pub struct Hub {
    endpoint: String,
}

impl Hub {
    /// The one that `HF_ENDPOINT` names, or Hugging Face's.
    pub fn from_env() -> Self {
        let named = std::env::var("HF_ENDPOINT").ok();
        Self::at(
            named
                .filter(|url| !url.is_empty())
                .unwrap_or(DEFAULT_ENDPOINT.to_owned()),
        )
    }

    /// The one at an address.
    pub fn at(endpoint: impl Into<String>) -> Self {
        let endpoint: String = endpoint.into();
        Self {
            endpoint: endpoint.trim_end_matches('/').to_owned(),
        }
    }

    /// Fetches what a model needs into the store; what is there already is not fetched again.
    ///
    /// # Errors
    /// [`HubError::Unreachable`], [`HubError::NotFound`], [`HubError::Denied`],
    /// [`HubError::MissingFile`], [`HubError::Fetch`], [`HubError::Checksum`], [`HubError::Io`].
    pub fn pull(
        &self,
        name: &ModelName,
        revision: &str,
        store: &ModelStore,
        progress: &mut dyn PullProgress,
    ) -> Result<StoredModel, HubError> {
        let api = self
            .api(store)
            .map_err(|source| self.refused(name, revision, source))?;
        let info: RepoInfo = repo(&api, name, revision)
            .info()
            .map_err(|source| self.refused(name, revision, source))?;
        let is_there = |file: &&str| info.siblings.iter().any(|there| there.rfilename == *file);
        let files = store::chosen(&name.to_string(), is_there)?;
        // From now on the commit, so that all files are of one revision.
        let commit = repo(&api, name, &info.sha);
        let mut snapshot = None;
        for file in &files {
            let mut fetch = || self.fetch(&commit, store, name, &info.sha, file, progress);
            let path = match known(store, name, &info.sha, file).map_or_else(&mut fetch, Ok) {
                // What an earlier attempt left may be what was wrong; it is gone now.
                Err(HubError::Checksum { .. }) => fetch()?,
                path => path?,
            };
            snapshot = path.parent().map(Path::to_owned);
        }
        let snapshot = snapshot.ok_or(HubError::MissingFile {
            place: name.to_string(),
            missing: store::NEEDED[0],
        })?;
        ModelStore::record(name, self.endpoint.clone(), info.sha, &snapshot, &files)
    }

    fn api(&self, store: &ModelStore) -> Result<Api, ApiError> {
        ApiBuilder::from_env()
            .with_endpoint(self.endpoint.clone())
            .with_cache_dir(store.folder().to_owned())
            .with_progress(false)
            .with_retries(RETRIES)
            .with_user_agent("smes", env!("CARGO_PKG_VERSION"))
            .build()
    }

    fn fetch(
        &self,
        repo: &ApiRepo,
        store: &ModelStore,
        name: &ModelName,
        revision: &str,
        file: &str,
        progress: &mut dyn PullProgress,
    ) -> Result<PathBuf, HubError> {
        let mut fetched = repo.download_with_progress(file, Told(progress));
        if matches!(fetched, Err(ApiError::InvalidResume)) {
            remove_parts(store, name)?;
            fetched = repo.download_with_progress(file, Told(progress));
        }
        let path = fetched.map_err(|source| match self.refused(name, revision, source) {
            HubError::Unreachable { source, .. } => HubError::Fetch {
                name: name.clone(),
                file: file.to_owned(),
                source,
            },
            other => other,
        })?;
        check(name, file, &path)?;
        Ok(path)
    }

    /// What the hub, or the way to it, means by an error.
    fn refused(&self, name: &ModelName, revision: &str, source: ApiError) -> HubError {
        let (endpoint, name) = (self.endpoint.clone(), name.clone());
        let status = match &source {
            ApiError::RequestError(cause) => match **cause {
                ureq::Error::StatusCode(status) => Some(status),
                _ => None,
            },
            _ => None,
        };
        match status {
            Some(404) => HubError::NotFound {
                endpoint,
                name,
                revision: revision.to_owned(),
            },
            // Hugging Face answers 401 for models that do not exist, too.
            Some(401 | 403) => HubError::Denied { endpoint, name },
            _ => HubError::Unreachable {
                endpoint,
                name,
                source: Box::new(source),
            },
        }
    }
}

fn repo(api: &Api, name: &ModelName, revision: &str) -> ApiRepo {
    api.repo(Repo::with_revision(
        name.to_string(),
        RepoType::Model,
        revision.to_owned(),
    ))
}

/// Removes what has come of files, where it cannot be gone on with.
fn remove_parts(store: &ModelStore, name: &ModelName) -> Result<(), HubError> {
    let blobs = store.folder().join(name.folder()).join("blobs");
    let files = fs_err::read_dir(blobs).into_iter().flatten().flatten();
    let is_part = |file: &PathBuf| file.extension().is_some_and(|ending| ending == "part");
    for file in files.map(|entry| entry.path()).filter(is_part) {
        fs_err::remove_file(&file).map_err(|source| HubError::Io { file, source })?;
    }
    Ok(())
}

/// A file of a commit that came before, if it is still what it was announced to be.
fn known(store: &ModelStore, name: &ModelName, commit: &str, file: &str) -> Option<PathBuf> {
    let snapshot = store
        .folder()
        .join(name.folder())
        .join("snapshots")
        .join(commit);
    let path = snapshot.join(file);
    (path.is_file() && check(name, file, &path).is_ok()).then_some(path)
}

/// Compares a file with the checksum under which the hub announced it: the name of its blob.
fn check(name: &ModelName, file: &str, path: &Path) -> Result<(), HubError> {
    let io = |source| HubError::Io {
        file: path.to_owned(),
        source,
    };
    let blob = fs_err::canonicalize(path).map_err(io)?;
    let expected = blob
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    match checksum::as_etag(&blob, &expected)? {
        Some(found) if found != expected => {
            for bad in [path, &blob] {
                fs_err::remove_file(bad).map_err(io)?;
            }
            Err(HubError::Checksum {
                name: name.clone(),
                file: file.to_owned(),
                expected,
                found,
            })
        }
        _ => Ok(()),
    }
}

/// Hands on what `hf-hub` tells.
struct Told<'p>(&'p mut dyn PullProgress);

impl Progress for Told<'_> {
    fn init(&mut self, size: usize, filename: &str) {
        self.0.begin(filename, size as u64);
    }

    fn update(&mut self, size: usize) {
        self.0.advance(size as u64);
    }

    fn finish(&mut self) {
        self.0.end();
    }
}
