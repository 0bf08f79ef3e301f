//! A model as judge over a real socket: what is asked, what goes wrong, what is kept.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use axum::http::StatusCode;
use smes_dialogue::{
    Dialogue, DialogueId, Private, Role, SplitName, Utterance, mesc_emotions, mesc_strategies,
};
use smes_evaluation::{
    CorpusRef, FORMAT, Gold, Header, Majority, Predicted, PredictionWriter, Record, VERSION,
};
use smes_rating::endpoint::{Client, Config, EndpointError, Usage};
use smes_rating::{
    JudgeOptions, JudgeReport, Judged, RatingError, ReportOptions, SampleOptions, Study, judge,
    report, sample,
};
use smes_testkit::completion;

use crate::endpoint::{Endpoint, by_rule, error};

const N_MOMENTS: usize = 6;

/// Six moments of six dialogues, answered by `a` and `b`.
fn study(folder: &Path) -> Study {
    let (a, b) = (predictions(folder, "a"), predictions(folder, "b"));
    let options = SampleOptions {
        n_items: N_MOMENTS,
        n_checks: 0,
        n_repeats: 0,
        seed: 1,
    };
    let drawn = sample(("one", &a), ("two", &b), options).unwrap();
    let dialogues: BTreeMap<DialogueId, Dialogue> = (0..N_MOMENTS)
        .map(dialogue)
        .map(|one| (one.id.clone(), one))
        .collect();
    Study::create(&folder.join("study"), &drawn, "0", &dialogues, "test").unwrap()
}

fn dialogue(n: usize) -> Dialogue {
    let utterance = |idx: usize, role: Role| Utterance {
        idx,
        role,
        speaker: None,
        text: "quetzalcoatlus".into(),
        emotion: None,
        strategy: None,
        span: None,
    };
    Dialogue {
        id: DialogueId::new(n.to_string()),
        scenario: None,
        situation: None,
        emotion: None,
        episode: None,
        utterances: vec![utterance(0, Role::Seeker), utterance(1, Role::Supporter)],
    }
}

fn predictions(folder: &Path, name: &str) -> PathBuf {
    let path = folder.join(format!("{name}.jsonl"));
    let header = Header {
        format: FORMAT.to_owned(),
        version: VERSION,
        corpus: CorpusRef {
            name: "invented".to_owned(),
            checksum: "0".to_owned(),
        },
        split: SplitName::Test,
        n_instances: N_MOMENTS,
        reasoner: name.to_owned(),
        model: None,
        config_hash: "0".to_owned(),
        emotions: mesc_emotions().iter().cloned().collect(),
        strategies: mesc_strategies().iter().cloned().collect(),
        majority: Majority::default(),
        created_with: "test".to_owned(),
        seed: None,
    };
    let mut writer = PredictionWriter::create(&path, &header).unwrap();
    for n in 0..N_MOMENTS {
        let record = Record {
            dialogue: DialogueId::new(n.to_string()),
            utterance: 1,
            gold: Gold::default(),
            user_emotion_from: None,
            predicted: Predicted::default(),
            response: Some(format!("answer {name} {n}").into()),
            target_log_prob: None,
            last_strategy: None,
            continues_turn: false,
            timings: None,
        };
        writer.write(&record).unwrap();
    }
    writer.finish().unwrap();
    path
}

fn client(url: &str) -> Client {
    Client::new(Config {
        url: url.to_owned(),
        model: "rule".to_owned(),
        key: Some(Private::from("the key")),
        timeout: Duration::from_secs(5),
        n_tries: 3,
        n_per_minute: 60_000,
        max_tokens: 100,
    })
    .unwrap()
}

fn options() -> JudgeOptions {
    JudgeOptions {
        name: "judge/one".to_owned(),
        model: "rule".to_owned(),
        n_threads: 3,
        n_malformed: 1,
        n_moments: usize::MAX,
    }
}

fn run(study: &Study, endpoint: &Endpoint) -> Result<Judged, RatingError> {
    judge(study, &client(endpoint.url()), &options(), &mut || {})
}

fn judged(study: &Study) -> JudgeReport {
    report(study, &ReportOptions::default())
        .unwrap()
        .judges
        .remove(0)
}

#[test]
fn every_moment_is_judged_in_both_orders_bound_by_the_schema() {
    let folder = tempfile::tempdir().unwrap();
    let study = study(folder.path());
    let endpoint = Endpoint::start(|_, request| completion(&by_rule(request)));
    let done = run(&study, &endpoint).unwrap();
    let usage = Usage {
        prompt_tokens: 1200,
        completion_tokens: 240,
    };
    assert_eq!(
        done,
        Judged {
            n_kept: 0,
            n_new: 12,
            n_failed: 0,
            usage
        }
    );
    let requests = endpoint.requests();
    assert_eq!(requests.len(), 12);
    for (headers, request) in &requests {
        assert_eq!(headers["authorization"], "Bearer the key");
        assert_eq!(
            (&request["model"], &request["temperature"]),
            (&"rule".into(), &0.into())
        );
        let format = &request["response_format"];
        assert_eq!(format["type"], "json_schema");
        assert_eq!(
            format["json_schema"]["schema"]["required"]
                .as_array()
                .unwrap()
                .len(),
            5
        );
    }
    let report = judged(&study);
    assert_eq!(
        (report.name.as_str(), report.n_items, report.usage),
        ("judge-one", 6, usage)
    );
    let counts = |at: usize| {
        let row = &report.questions[at];
        [
            row.win.n,
            row.tie.n,
            row.loss.n,
            row.same_in_both_orders.n_right,
        ]
    };
    assert_eq!(
        counts(0),
        [6, 0, 0, 6],
        "fluency: always the answer of system a"
    );
    assert_eq!(counts(2), [0, 6, 0, 0], "comfort: always the second place");
    let place = &report.questions[2];
    assert_eq!((place.first_place.n_right, place.first_place.n), (0, 12));
    assert!(place.p_place < 0.001);
    // A second run has nothing to ask.
    assert_eq!(run(&study, &endpoint).unwrap().n_kept, 12);
    assert_eq!(endpoint.requests().len(), 12);
}

#[test]
fn a_busy_server_is_asked_again_and_a_malformed_answer_too() {
    let folder = tempfile::tempdir().unwrap();
    let study = study(folder.path());
    let endpoint = Endpoint::start(|n, request| match n {
        0 => error(StatusCode::TOO_MANY_REQUESTS, "rate_limit"),
        1 => error(StatusCode::SERVICE_UNAVAILABLE, "overloaded"),
        4 => completion("I would rather not say."),
        11 => completion(r#"{"fluency":"first"}"#),
        _ => completion(&by_rule(request)),
    });
    let done = run(&study, &endpoint).unwrap();
    assert_eq!((done.n_new, done.n_failed), (12, 0));
    assert_eq!(endpoint.requests().len(), 16);
    assert_eq!(judged(&study).n_requests, 16);
}

#[test]
fn who_never_answers_as_asked_is_counted_and_asked_again_next_time() {
    let folder = tempfile::tempdir().unwrap();
    let study = study(folder.path());
    let endpoint = Endpoint::start(|_, _| completion("Both are lovely."));
    let done = run(&study, &endpoint).unwrap();
    assert_eq!((done.n_new, done.n_failed), (12, 12));
    assert_eq!(endpoint.requests().len(), 24, "each is asked twice");
    assert_eq!((judged(&study).n_items, judged(&study).n_failed), (0, 12));
    let better = Endpoint::start(|_, request| completion(&by_rule(request)));
    let done = run(&study, &better).unwrap();
    assert_eq!((done.n_kept, done.n_new, done.n_failed), (0, 12, 0));
    let report = judged(&study);
    assert_eq!(
        (report.n_items, report.n_failed, report.n_requests),
        (6, 0, 36)
    );
}

#[test]
fn a_server_without_schemas_is_asked_in_the_ways_it_can() {
    let folder = tempfile::tempdir().unwrap();
    let study = study(folder.path());
    let endpoint = Endpoint::start(|_, request| {
        if request.get("response_format").is_some() {
            return error(StatusCode::BAD_REQUEST, "unsupported");
        }
        completion(&format!("Sure!\n```json\n{}\n```", by_rule(request)))
    });
    let one = JudgeOptions {
        n_threads: 1,
        ..options()
    };
    let done = judge(&study, &client(endpoint.url()), &one, &mut || {}).unwrap();
    assert_eq!((done.n_new, done.n_failed), (12, 0));
    assert_eq!(
        endpoint.requests().len(),
        15,
        "what it cannot do is asked once only"
    );
}

#[test]
fn a_run_that_stops_keeps_what_it_has_and_the_next_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let study = study(folder.path());
    let endpoint = Endpoint::start(|n, request| match n {
        0..5 => completion(&by_rule(request)),
        _ => error(StatusCode::UNAUTHORIZED, "quota_used_up"),
    });
    let stopped = run(&study, &endpoint).unwrap_err();
    let RatingError::Endpoint(EndpointError::Refused { status, code, .. }) = &stopped else {
        panic!("{stopped}");
    };
    assert_eq!((*status, code.as_deref()), (401, Some("quota_used_up")));
    assert!(
        !stopped.to_string().contains("quetzalcoatlus")
            && !format!("{stopped:?}").contains("key\"")
    );
    assert!(stopped.hint().is_some());
    let better = Endpoint::start(|_, request| completion(&by_rule(request)));
    let done = run(&study, &better).unwrap();
    assert_eq!((done.n_kept, done.n_new), (5, 7));
    assert_eq!(judged(&study).n_items, 6);
}

#[test]
fn nobody_there_and_no_such_protocol_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let study = study(folder.path());
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1", closed.local_addr().unwrap());
    drop(closed);
    let gone = judge(&study, &client(&url), &options(), &mut || {}).unwrap_err();
    assert!(
        matches!(
            gone,
            RatingError::Endpoint(EndpointError::GaveUp { n_tries: 3, .. })
        ),
        "{gone}"
    );
    assert!(
        gone.to_string()
            .ends_with("the last ended with no connection"),
        "{gone}"
    );
    let other =
        Endpoint::start(|_, _| axum::response::IntoResponse::into_response("<html>hello</html>"));
    let other = run(&study, &other).unwrap_err();
    assert!(
        matches!(
            other,
            RatingError::Endpoint(EndpointError::NotTheProtocol { .. })
        ),
        "{other}"
    );
}

#[test]
fn a_server_that_hangs_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let study = study(folder.path());
    // A socket that takes connections and never answers.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1", silent.local_addr().unwrap());
    let client = Client::new(Config {
        url,
        model: "rule".to_owned(),
        key: None,
        timeout: Duration::from_millis(200),
        n_tries: 2,
        n_per_minute: 60_000,
        max_tokens: 10,
    })
    .unwrap();
    let one = JudgeOptions {
        n_threads: 1,
        ..options()
    };
    let error = judge(&study, &client, &one, &mut || {}).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("in 2 tries; the last ended with a time-out"),
        "{error}"
    );
}

#[test]
fn a_judges_file_never_mixes_two_models() {
    let folder = tempfile::tempdir().unwrap();
    let study = study(folder.path());
    let endpoint = Endpoint::start(|_, request| completion(&by_rule(request)));
    run(&study, &endpoint).unwrap();
    let other = JudgeOptions {
        model: "another".to_owned(),
        ..options()
    };
    let error = judge(&study, &client(endpoint.url()), &other, &mut || {}).unwrap_err();
    assert!(matches!(error, RatingError::OtherJudge { .. }), "{error}");
}

#[test]
fn a_real_server_that_is_bound_by_the_schema_answers_every_question() {
    let Ok(url) = std::env::var("SMES_JUDGE_ENDPOINT") else {
        eprintln!(
            "skipped: SMES_JUDGE_ENDPOINT is not set (scripts/serve-tiny-judge.py gives one)"
        );
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let study = study(folder.path());
    let client = Client::new(Config {
        url,
        model: "rule".to_owned(),
        key: None,
        timeout: Duration::from_mins(1),
        n_tries: 2,
        n_per_minute: 6_000,
        max_tokens: 1_000,
    })
    .unwrap();
    let done = judge(&study, &client, &options(), &mut || {}).unwrap();
    assert_eq!((done.n_new, done.n_failed), (12, 0));
    assert!(done.usage.prompt_tokens > 0 && done.usage.completion_tokens > 0);
    assert_eq!(judged(&study).n_items, N_MOMENTS);
}
