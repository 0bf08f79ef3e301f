//! The client and a real server process's protocol on a socket; more of it is tested where it is used.

#![allow(clippy::unwrap_used, reason = "an unmet expectation fails the test")]

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Json;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde_json::Value;
use smes_dialogue::Private;
use smes_endpoint::{Budget, Client, Config, EndpointError, Medium, Message, Part, Price, Talk};
use smes_testkit::{EndpointServer, completion};

const N_THREADS: usize = 8;

fn client(url: &str, budget: Budget) -> Client {
    let config = Config {
        url: url.to_owned(),
        model: "m".to_owned(),
        key: None,
        timeout: Duration::from_secs(10),
        n_tries: 1,
        n_per_minute: 600_000,
        max_tokens: 20,
    };
    Client::new(config).unwrap().with_budget(budget)
}

/// A question of some 400 bytes, with a picture if wanted.
fn question(has_picture: bool) -> Talk {
    let mut parts = vec![Part::Text("word ".repeat(40).into())];
    if has_picture {
        parts.push(Part::Picture(Medium {
            file: Private::new(vec![0xff; 3000]),
            extent: 100,
        }));
    }
    Talk {
        system: "Answer.".to_owned(),
        messages: vec![Message::Question(parts)],
    }
}

/// Asks from many threads until the budget ends; how many were answered.
fn ask_until_spent(client: &Client, talk: &Talk) -> u64 {
    let n_answered = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..N_THREADS {
            scope.spawn(|| {
                loop {
                    match client.talk(talk) {
                        Ok(_) => n_answered.fetch_add(1, Ordering::Relaxed),
                        Err(EndpointError::Budget { .. }) => break,
                        Err(EndpointError::GaveUp { .. }) => 0,
                        Err(error) => panic!("{error}"),
                    };
                }
            });
        }
    });
    n_answered.into_inner()
}

#[test]
fn many_threads_together_stay_within_a_budget_and_use_it() {
    // Of ten requests one fails for now; the others take 120 tokens each.
    let server = EndpointServer::start("chat/completions", |n, _: &Json<Value>| {
        std::thread::sleep(Duration::from_millis(20));
        if n % 10 == 3 {
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        }
        completion("yes")
    });
    let price = Price {
        prompt: 1.0,
        completion: 5.0,
    };
    let by_tokens = Budget {
        tokens: Some(5_000),
        money: None,
    };
    let by_money = Budget {
        tokens: None,
        money: Some((0.008, price)),
    };
    for has_picture in [false, true] {
        let talk = question(has_picture);
        for budget in [by_tokens, by_money] {
            let client = client(server.url(), budget);
            let n_answered = ask_until_spent(&client, &talk);
            let spent = client.spent();
            assert_eq!(spent.prompt_tokens, 100 * n_answered);
            let tokens = spent.prompt_tokens + spent.completion_tokens;
            assert!(tokens <= 5_000 && price.of(spent) <= 0.008, "{spent:?}");
            // What is left is less than the bound of one request.
            assert!(tokens > 4_200 || price.of(spent) > 0.0071, "{spent:?}");
        }
    }
}

#[test]
fn a_request_that_no_budget_holds_is_not_sent() {
    let server = EndpointServer::start("chat/completions", |_, _: &Json<Value>| completion("yes"));
    let budget = Budget {
        tokens: Some(150),
        money: None,
    };
    let error = client(server.url(), budget)
        .talk(&question(false))
        .unwrap_err();
    assert!(error.to_string().contains("150 tokens"), "{error}");
    assert!(error.hint().unwrap().contains("larger budget"));
    assert!(server.requests().is_empty());
}

#[test]
fn what_ends_without_an_answer_is_written_off() {
    // Of the first four requests two are answered with something else, one is cut, one is refused.
    let server = EndpointServer::start("chat/completions", |n, _: &Json<Value>| match n {
        0 | 1 => "no JSON".into_response(),
        2 => Json(" ".repeat(2 << 20)).into_response(),
        3 => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        _ => completion("yes"),
    });
    let budget = Budget {
        tokens: Some(2_600),
        money: None,
    };
    let client = client(server.url(), budget);
    let talk = question(false);
    for _ in 0..4 {
        client.talk(&talk).unwrap_err();
    }
    assert_eq!(client.spent(), smes_endpoint::Usage::default());
    let n_answered = ask_until_spent(&client, &talk);
    let error = client.talk(&talk).unwrap_err().to_string();
    let n_lost: u64 = between(&error, "less ", " tokens that").parse().unwrap();
    // Each of three may have taken its words and the longest answer.
    assert!(
        n_lost.is_multiple_of(3) && (3 * 220..3 * 500).contains(&n_lost),
        "{error}"
    );
    let n_held = n_lost / 3;
    assert_eq!(n_answered, (2_600 - n_lost - n_held) / 120 + 1);
}

fn between<'t>(text: &'t str, from: &str, to: &str) -> &'t str {
    text.split(from).nth(1).unwrap().split(to).next().unwrap()
}
