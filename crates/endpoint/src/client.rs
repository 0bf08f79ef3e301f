//! Asking: at a pace, within limits, again where that can help.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use smes_dialogue::Private;
use ureq::http::{Response, Uri};
use ureq::{Agent, Body};

use crate::budget::{Ledger, Size};
use crate::pace::Pace;
use crate::protocol::{Form, error_code, is_about_support, read_answer, request};
use crate::talk::{self, Manner, Media};
use crate::transcription::{self, Detail, Sound, Transcription};
use crate::{Budget, EndpointError, Prompt, Talk, Trouble, Usage};

/// Largest answer that is read, in bytes.
const MAX_ANSWER_BYTES: u64 = 1 << 20;
/// Pause before the second try; doubled before each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// Longest pause, also when the server asks for more.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// Which model is asked, and how.
#[derive(Debug, Clone)]
pub struct Config {
    /// The address before `/chat/completions` and `/audio/transcriptions`, such as `http://127.0.0.1:8080/v1`.
    pub url: String,
    /// Name of the model.
    pub model: String,
    /// Sent as a bearer token.
    pub key: Option<Private<String>>,
    /// Longest time of one try.
    pub timeout: Duration,
    /// Tries of one request.
    pub n_tries: u32,
    /// Requests in a minute, over all threads.
    pub n_per_minute: u32,
    /// Longest answer, in tokens.
    pub max_tokens: u32,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    /// What the model wrote.
    pub text: Private<String>,
    /// Tokens, as the server counted them; zero where it does not.
    pub usage: Usage,
    /// Requests that were sent for it.
    pub n_tries: u32,
    /// Time of the last of them.
    pub took: Duration,
}

/// A client of one endpoint; can be shared between threads.
#[derive(Debug)]
pub struct Client {
    config: Config,
    host: String,
    agent: Agent,
    pace: Pace,
    ledger: Ledger,
    form: Mutex<Form>,
    manner: Mutex<Manner>,
    detail: Mutex<Detail>,
}

/// How one try ended, when not well.
enum Failed {
    /// Trying again may help; how long the server asks to wait.
    ForNow(Trouble, Option<Duration>),
    /// It would fail again.
    ForGood {
        status: u16,
        code: Option<String>,
        /// Whether the server says that it cannot do what was asked.
        is_unsupported: bool,
    },
    /// Not the protocol.
    NotUnderstood,
}

impl Failed {
    /// Whether another way of asking may be understood.
    const fn is_about_form(&self) -> bool {
        matches!(
            self,
            Self::ForGood {
                status: 400 | 422 | 501,
                ..
            }
        )
    }

    /// Whether the server may count what it read and wrote.
    const fn may_have_cost(&self) -> bool {
        match self {
            Self::ForNow(trouble, _) => trouble.may_have_cost(),
            Self::ForGood { .. } => false,
            Self::NotUnderstood => true,
        }
    }
}

/// What came of a request, and what it took.
struct Tried<T> {
    result: T,
    n_tries: u32,
    took: Duration,
}

impl Client {
    /// A client; nothing is sent yet.
    ///
    /// # Errors
    /// [`EndpointError::Address`]; [`EndpointError::KeyInTheOpen`] when a key would go unencrypted to
    /// another machine.
    pub fn new(mut config: Config) -> Result<Self, EndpointError> {
        let not_an_address = || EndpointError::Address {
            url: config.url.clone(),
        };
        let url: Uri = config.url.parse().map_err(|_| not_an_address())?;
        let (Some(scheme @ ("http" | "https")), Some(host)) = (url.scheme_str(), url.host()) else {
            return Err(not_an_address());
        };
        let host = host.to_owned();
        if config.key.is_some() && scheme == "http" && !is_this_machine(&host) {
            return Err(EndpointError::KeyInTheOpen { host });
        }
        config.url.truncate(config.url.trim_end_matches('/').len());
        let agent = Agent::config_builder()
            .timeout_global(Some(config.timeout))
            // Shorter, so that what was never reached is told from what gave no answer.
            .timeout_resolve(Some(config.timeout / 2))
            .timeout_connect(Some(config.timeout / 2))
            .http_status_as_error(false)
            .max_redirects(0)
            .build()
            .new_agent();
        Ok(Self {
            pace: Pace::new(config.n_per_minute),
            ledger: Ledger::default(),
            form: Mutex::new(Form::Schema),
            manner: Mutex::new(Manner::Repeatable),
            detail: Mutex::new(Detail::Spans),
            agent,
            host,
            config,
        })
    }

    /// The same within a budget.
    #[must_use]
    pub fn with_budget(self, budget: Budget) -> Self {
        Self {
            ledger: Ledger::new(budget),
            ..self
        }
    }

    /// Tokens that were counted so far.
    pub fn spent(&self) -> Usage {
        self.ledger.spent()
    }

    /// The model that is asked.
    pub fn model(&self) -> &str {
        &self.config.model
    }

    /// The machine that is asked.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether that is this machine.
    pub fn is_local(&self) -> bool {
        is_this_machine(&self.host)
    }

    /// Asks, and waits for the answer.
    ///
    /// # Errors
    /// [`EndpointError`] when the server refuses, cannot be reached, or speaks something else.
    pub fn ask(&self, prompt: &Prompt) -> Result<Answer, EndpointError> {
        let body = |form| request(&self.config.model, prompt, form, self.config.max_tokens);
        let body = |form| body(form).to_string();
        self.answer(&self.form, Form::weaker, body, Media::default())
    }

    /// Says something with pictures and sound, and waits for the answer in free words.
    ///
    /// # Errors
    /// As for [`Client::ask`]; [`EndpointError::is_about_form`] tells whether the same without some of
    /// the parts may be understood.
    pub fn talk(&self, talk: &Talk) -> Result<Answer, EndpointError> {
        let body = |manner| talk::request(&self.config.model, talk, manner, self.config.max_tokens);
        self.answer(&self.manner, Manner::plainer, body, talk.media())
    }

    /// Has a sound written down.
    ///
    /// # Errors
    /// As for [`Client::ask`].
    pub fn transcribe(&self, sound: &Sound<'_>) -> Result<Transcription, EndpointError> {
        // Transcriptions are counted by nobody.
        let tried = self.insist(
            Size::default(),
            |_| Usage::default(),
            || {
                weaken(&self.detail, Detail::less, |detail| {
                    let (kind, body) = transcription::request(&self.config.model, sound, detail);
                    self.post(
                        "audio/transcriptions",
                        &kind,
                        &body,
                        transcription::read_transcription,
                    )
                })
            },
        )?;
        Ok(tried.result)
    }

    /// The answer to a question that may have to be put in a weaker form.
    fn answer<F: Copy>(
        &self,
        known: &Mutex<F>,
        weaker: impl Fn(F) -> Option<F>,
        body: impl Fn(F) -> String,
        media: Media,
    ) -> Result<Answer, EndpointError> {
        let size = Size {
            words: body(*lock(known)).len() as u64 - media.n_bytes,
            media: media.units,
            max_tokens: self.config.max_tokens.into(),
        };
        let tried = self.insist(
            size,
            |(_, usage)| *usage,
            || {
                weaken(known, &weaker, |form| {
                    let body = body(form);
                    self.post(
                        "chat/completions",
                        "application/json",
                        body.as_bytes(),
                        read_answer,
                    )
                })
            },
        )?;
        let (text, usage) = tried.result;
        Ok(Answer {
            text,
            usage,
            n_tries: tried.n_tries,
            took: tried.took,
        })
    }

    /// Tries until it goes well, or would not go better; each try within the budget.
    fn insist<T>(
        &self,
        size: Size,
        usage: impl Fn(&T) -> Usage,
        once: impl Fn() -> Result<T, Failed>,
    ) -> Result<Tried<T>, EndpointError> {
        let most_tries = self.config.n_tries.max(1);
        let mut n_tries = 0;
        loop {
            n_tries += 1;
            let held = self.ledger.reserve(size)?;
            self.pace.wait();
            let begun = Instant::now();
            let failed = match once() {
                Ok(result) => {
                    let took = begun.elapsed();
                    held.settle(usage(&result));
                    return Ok(Tried {
                        result,
                        n_tries,
                        took,
                    });
                }
                Err(failed) => failed,
            };
            if failed.may_have_cost() {
                held.write_off();
            } else {
                drop(held);
            }
            match failed {
                Failed::ForNow(_, wait) if n_tries < most_tries => {
                    std::thread::sleep(pause(n_tries, wait));
                }
                failed => return Err(self.error(failed, n_tries)),
            }
        }
    }

    fn error(&self, failed: Failed, n_tries: u32) -> EndpointError {
        let host = self.host.clone();
        match failed {
            Failed::ForNow(last, _) => EndpointError::GaveUp {
                host,
                n_tries,
                last,
            },
            Failed::ForGood {
                status,
                code,
                is_unsupported,
            } => EndpointError::Refused {
                host,
                status,
                code,
                is_unsupported,
            },
            Failed::NotUnderstood => EndpointError::NotTheProtocol { host },
        }
    }

    fn post<T>(
        &self,
        place: &str,
        kind_of_body: &str,
        body: &[u8],
        read: impl FnOnce(&[u8]) -> Option<T>,
    ) -> Result<T, Failed> {
        let url = format!("{}/{place}", self.config.url);
        let mut request = self.agent.post(url).header("content-type", kind_of_body);
        if let Some(key) = &self.config.key {
            request = request.header("authorization", format!("Bearer {}", key.expose()));
        }
        let mut response = request
            .send(body)
            .map_err(|error| Failed::ForNow(error.into(), None))?;
        let status = response.status().as_u16();
        let wait = retry_after(&response);
        let body = response
            .body_mut()
            .with_config()
            .limit(MAX_ANSWER_BYTES)
            .read_to_vec()
            .map_err(|error| Failed::ForNow(error.into(), None))?;
        // Some servers say with the status of a fault of theirs that they cannot see or hear.
        let is_unsupported = status >= 400 && is_about_support(&body);
        match status {
            200..=299 => read(&body).ok_or(Failed::NotUnderstood),
            408 | 409 | 425 | 429 | 500 | 502..=599 if !is_unsupported => {
                Err(Failed::ForNow(Trouble::Status(status), wait))
            }
            _ => Err(Failed::ForGood {
                status,
                code: error_code(&body),
                is_unsupported,
            }),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One try, asking for as much as the server is known to do, and for less while it says no.
fn weaken<F: Copy, T>(
    known: &Mutex<F>,
    weaker: impl Fn(F) -> Option<F>,
    send: impl Fn(F) -> Result<T, Failed>,
) -> Result<T, Failed> {
    let mut form = *lock(known);
    loop {
        let failed = match send(form) {
            Ok(answer) => {
                *lock(known) = form;
                return Ok(answer);
            }
            Err(failed) => failed,
        };
        match weaker(form) {
            Some(weaker) if failed.is_about_form() => form = weaker,
            _ => return Err(failed),
        }
    }
}

fn retry_after(response: &Response<Body>) -> Option<Duration> {
    let seconds = response.headers().get("retry-after")?.to_str().ok()?;
    Some(Duration::from_secs(seconds.trim().parse().ok()?))
}

/// The pause after a try: what the server asks for, else doubled each time with some chance in it, so
/// that threads that failed together do not come back together.
fn pause(n_tries: u32, asked: Option<Duration>) -> Duration {
    let doubled = FIRST_PAUSE.saturating_mul(1 << (n_tries - 1).min(10));
    let ours = doubled.mul_f64(rand::random_range(0.5..1.0));
    asked.unwrap_or(ours).min(LONGEST_PAUSE)
}

fn is_this_machine(host: &str) -> bool {
    let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(url: &str, key: Option<&str>) -> Config {
        Config {
            url: url.to_owned(),
            model: "m".to_owned(),
            key: key.map(Private::from),
            timeout: Duration::from_secs(1),
            n_tries: 1,
            n_per_minute: 60,
            max_tokens: 10,
        }
    }

    #[test]
    fn a_key_is_not_sent_in_the_open() {
        let check = |url: &str| Client::new(config(url, Some("secret")));
        assert!(check("https://api.example.org/v1").is_ok());
        assert!(check("http://localhost:8080/v1/").is_ok());
        assert!(check("http://[::1]:8080/v1").is_ok());
        let error = check("http://api.example.org/v1").unwrap_err();
        assert!(
            matches!(error, EndpointError::KeyInTheOpen { .. }),
            "{error}"
        );
        assert!(Client::new(config("http://api.example.org/v1", None)).is_ok());
        for wrong in ["", "api.example.org", "ftp://x/v1", "/v1"] {
            assert!(
                matches!(check(wrong), Err(EndpointError::Address { .. })),
                "{wrong}"
            );
        }
        assert!(!format!("{:?}", check("https://x/v1").unwrap()).contains("secret"));
    }

    #[test]
    fn pauses_grow_and_stay_within_bounds() {
        for n_tries in 1..40 {
            let long = FIRST_PAUSE
                .saturating_mul(1 << (n_tries - 1).min(10))
                .min(LONGEST_PAUSE);
            let found = pause(n_tries, None);
            assert!(
                found <= long && found >= (long / 2).min(LONGEST_PAUSE),
                "{n_tries}: {found:?}"
            );
        }
        assert_eq!(
            pause(1, Some(Duration::from_secs(7))),
            Duration::from_secs(7)
        );
        assert_eq!(pause(1, Some(Duration::from_secs(7000))), LONGEST_PAUSE);
    }
}
