//! The WebSocket over loopback.

use std::time::Duration;

use smes_dialogue::{Emotion, Label};
use smes_server::Limits;
use smes_server::wire::{ClientMessage, Envelope, ServerEvent};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::support::{
    Client, TestServer, answer, faulty_state, followed_turn, kind, kinds, turn, wav,
};

const CHAIN: [&str; 5] = [
    "received",
    "cue",
    "user_emotion",
    "strategy",
    "system_emotion",
];

fn seqs(events: &[Envelope]) -> Vec<u64> {
    events.iter().map(|envelope| envelope.seq).collect()
}

#[tokio::test]
async fn a_turn_is_told_in_the_order_of_reasoning() {
    let server = TestServer::start(Limits::default()).await;
    let (mut client, _) = server.hello().await;
    client.turn("a", "I feel lost").await;
    let events = client.rest_of_turn().await;
    let told = kinds(&events);
    assert_eq!(told[..5], CHAIN);
    assert!(
        told[5..told.len() - 1]
            .iter()
            .all(|kind| kind == "response_delta")
    );
    assert_eq!(told.last().unwrap(), "response");
    assert_eq!(seqs(&events), (1..=events.len() as u64).collect::<Vec<_>>());
    let pieces: String = events
        .iter()
        .filter_map(|envelope| match &envelope.event {
            ServerEvent::ResponseDelta { text, .. } => Some(text.expose().as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(pieces, "So far: I feel lost. Go on.");
    assert_eq!(answer(&events), pieces);
}

#[tokio::test]
async fn a_clip_becomes_a_cue_and_its_times_are_told() {
    let server = TestServer::start(Limits::default()).await;
    let (mut client, _) = server.hello().await;
    client.turn_with_clip("a", "listen", &wav(2_000)).await;
    let events = client.rest_of_turn().await;
    let ServerEvent::Cue { cue: Some(cue), .. } = &events[1].event else {
        panic!("no cue came of a clear tone: {:?}", events[1]);
    };
    let pitch = cue
        .features
        .iter()
        .find(|feature| feature.unit == "Hz")
        .unwrap();
    assert!((pitch.value - 140.0).abs() < 7.0, "{}", pitch.value);
    let Some(ServerEvent::Response { timings, .. }) = events.last().map(|envelope| &envelope.event)
    else {
        panic!("no response");
    };
    assert!(timings.decode_ms > 0.0 && timings.cue_ms > 0.0);
    assert!(timings.total_ms >= timings.decode_ms + timings.cue_ms);
}

fn follow(id: &str) -> ClientMessage {
    ClientMessage::Follow {
        id: id.to_owned(),
        sound: true,
        picture: false,
    }
}

/// Sends a clip in pieces behind a `Follow`, and reads the moments told of it until one ends after
/// `until_ms`. ffmpeg gives nothing of a WAV file before it has seen 64 KB (two seconds) of it.
async fn record(client: &mut Client, clip: &[u8], until_ms: u64) -> Vec<ServerEvent> {
    for piece in clip.chunks(clip.len().div_ceil(8)) {
        client.send(Message::binary(piece.to_vec())).await;
    }
    let mut moments = Vec::new();
    loop {
        let envelope = client.next().await;
        assert_eq!(envelope.seq, 0, "moments are of this socket alone");
        let ServerEvent::Moment { time_ms, .. } = envelope.event else {
            panic!("expected a moment, found `{}`", kind(&envelope.event));
        };
        moments.push(envelope.event);
        if time_ms >= until_ms {
            return moments;
        }
    }
}

#[tokio::test]
async fn a_recording_is_heard_while_it_goes_on_and_gives_the_cue_of_the_whole() {
    let server = TestServer::start(Limits::default()).await;
    let (mut client, _) = server.hello().await;
    let clip = wav(6_000);
    client.turn_with_clip("whole", "listen", &clip).await;
    let whole = client.rest_of_turn().await;

    let (mut client, _) = server.hello().await;
    client.say(&follow("a")).await;
    let moments = record(&mut client, &clip, 3_000).await;
    let is_heard = |event: &ServerEvent| {
        matches!(event, ServerEvent::Moment { id, level_db: Some(level), f0_hz: Some(hz), .. }
            if id == "a" && *level > -40.0 && (80.0..200.0).contains(hz))
    };
    assert!(moments.iter().any(is_heard), "{moments:?}");
    client
        .say(&followed_turn("a", "listen", clip.len() as u64))
        .await;
    let events = client.rest_of_turn().await;
    assert_eq!(kinds(&events), kinds(&whole));
    let cue = |events: &[Envelope]| match &events[1].event {
        ServerEvent::Cue { cue, notes, .. } => (cue.clone(), notes.clone()),
        other => panic!("expected a cue, found `{}`", kind(other)),
    };
    assert!(cue(&events).0.is_some());
    assert_eq!(cue(&events), cue(&whole));
}

#[tokio::test]
async fn a_recording_that_is_given_up_or_does_not_fit_its_turn_leaves_the_conversation_whole() {
    let server = TestServer::start(Limits::default()).await;
    let (mut client, _) = server.hello().await;
    let clip = wav(6_000);
    let n_bytes = clip.len() as u64;
    // No such recording, another size, another turn, given up, consent withdrawn.
    client.say(&followed_turn("a", "hi", n_bytes)).await;
    assert_eq!(client.refusal().await.0, "clip_missing");
    for n_wrong in [n_bytes - 1, n_bytes + 1] {
        client.say(&follow("b")).await;
        record(&mut client, &clip, 1_000).await;
        client.say(&followed_turn("b", "hi", n_wrong)).await;
        assert_eq!(
            client.refusal().await,
            ("clip_missing".to_owned(), Some("b".to_owned()))
        );
    }
    client.say(&follow("c")).await;
    record(&mut client, &clip, 1_000).await;
    client
        .say(&ClientMessage::Unfollow { id: "c".to_owned() })
        .await;
    client.send(Message::binary(clip.clone())).await;
    client.say(&followed_turn("c", "hi", n_bytes)).await;
    assert_eq!(client.refusal().await.0, "clip_missing");
    client.say(&follow("d")).await;
    record(&mut client, &clip, 1_000).await;
    client.say(&ClientMessage::Consent { sensing: false }).await;
    client.say(&follow("d")).await;
    assert_eq!(client.refusal().await.0, "consent_missing");
    client.send(Message::binary(clip.clone())).await;
    client.say(&ClientMessage::Consent { sensing: true }).await;
    // A turn with words in the middle of a recording, and the clip as a whole after all.
    client.say(&follow("e")).await;
    client.send(Message::binary(clip.clone())).await;
    client.turn_with_clip("e", "listen", &clip).await;
    let events = client.rest_of_turn().await;
    let events: Vec<_> = kinds(&events)
        .into_iter()
        .filter(|kind| kind != "moment")
        .collect();
    assert_eq!(events[..2], ["received", "cue"]);
    assert_eq!(events.last().map(String::as_str), Some("response"));
}

#[tokio::test]
async fn a_recording_is_bounded_in_bytes_and_time() {
    let limits = Limits {
        clip_bytes: 20_000,
        clip_bytes_in_work: 20_000,
        clip_ms: 600,
        clip_time: Duration::from_millis(400),
        ..Limits::default()
    };
    let server = TestServer::start(limits).await;
    let (mut client, _) = server.hello().await;
    client.say(&follow("a")).await;
    client.send(Message::binary(vec![0; 21_000])).await;
    let too_large = ("clip_too_large".to_owned(), Some("a".to_owned()));
    assert_eq!(client.refusal().await, too_large);
    client.say(&follow("b")).await;
    assert_eq!(
        client.refusal().await,
        ("clip_missing".to_owned(), Some("b".to_owned()))
    );
    // Only one has room at a time; whoever leaves makes it.
    client.say(&follow("c")).await;
    let (mut other, _) = server.hello().await;
    other.say(&follow("d")).await;
    assert_eq!(other.refusal().await.0, "busy");
    drop(client);
    let _ = other.ask("e", "hello").await;
}

#[tokio::test]
async fn a_face_without_sound_and_words_becomes_a_cue_and_is_answered() {
    let Some(folder) = smes_testkit::shared_data("clips") else {
        return;
    };
    let clip = fs_err::read(folder.join("silence_girl.mp4")).unwrap();
    let server = TestServer::start(Limits::default()).await;
    let (mut client, _) = server.hello().await;
    client.turn_with_clip("a", "", &clip).await;
    let events = client.rest_of_turn().await;
    let ServerEvent::Cue {
        cue: Some(cue),
        notes,
        ..
    } = &events[1].event
    else {
        panic!("no cue came of a face: {:?}", events[1]);
    };
    assert_eq!(cue.modalities, [smes_dialogue::Modality::Video]);
    assert!(cue.feature("face.share_neutral").is_some());
    assert_eq!(notes, &["the clip has no sound"]);
    assert!(matches!(
        events.last().map(|envelope| &envelope.event),
        Some(ServerEvent::Response { .. })
    ));
}

#[tokio::test]
async fn a_clip_that_cannot_be_read_does_not_stop_the_turn() {
    let server = TestServer::start(Limits::default()).await;
    let (mut client, _) = server.hello().await;
    client
        .turn_with_clip("a", "still here", b"this is no media")
        .await;
    let events = client.rest_of_turn().await;
    let ServerEvent::Cue {
        cue: None, notes, ..
    } = &events[1].event
    else {
        panic!("a cue came of nothing");
    };
    assert_eq!(notes.len(), 1);
    assert!(answer(&events).contains("still here"));
}

#[tokio::test]
async fn a_fault_in_the_extractor_does_not_stop_the_turn() {
    let server = TestServer::with_state(faulty_state(Limits::default())).await;
    let (mut client, _) = server.hello().await;
    client.turn_with_clip("a", "still here", &wav(500)).await;
    let events = client.rest_of_turn().await;
    assert_eq!(kinds(&events)[..5], CHAIN);
    assert!(answer(&events).contains("still here"));
}

#[tokio::test]
async fn a_clip_in_which_nothing_is_heard_and_no_words_is_told_as_that() {
    let server = TestServer::start(Limits::default()).await;
    let (mut client, _) = server.hello().await;
    client.turn_with_clip("a", " ", b"this is no media").await;
    let events = client.rest_of_turn().await;
    let ServerEvent::Error { code, fatal, .. } = &events.last().unwrap().event else {
        panic!("no error");
    };
    assert_eq!((code.as_str(), *fatal), ("nothing_to_read", false));
    assert!(client.ask("b", "words").await.contains("So far: words."));
}

#[tokio::test]
async fn a_crisis_gets_the_reviewed_answer_and_nothing_of_the_chain() {
    let server = TestServer::start(Limits::default()).await;
    let (mut client, _) = server.hello().await;
    client.turn("a", "I want to kill myself tonight").await;
    let events = client.rest_of_turn().await;
    assert_eq!(kinds(&events), ["received", "crisis"]);
    assert_eq!(server.switch.n_plans(), 0);
    let ServerEvent::Crisis { help, .. } = &events[1].event else {
        panic!("no crisis");
    };
    assert!(!help.is_empty());
    client
        .turn("b", "What is the weather like in spring?")
        .await;
    let events = client.rest_of_turn().await;
    assert_eq!(kinds(&events)[..5], CHAIN, "the conversation goes on");
}

#[tokio::test]
async fn an_answer_that_fails_the_output_check_is_replaced_before_it_is_seen() {
    let server = TestServer::start(Limits::default()).await;
    let (mut client, _) = server.hello().await;
    client.turn("a", "please judge me").await;
    let events = client.rest_of_turn().await;
    let all = serde_json::to_string(&events).unwrap();
    assert!(!all.contains("medication"), "{all}");
    assert!(answer(&events).ends_with('?'));
}

#[tokio::test]
async fn a_dropped_socket_misses_nothing() {
    let server = TestServer::start(Limits::default()).await;
    let (mut client, session) = server.hello().await;
    client.turn("a", "one").await;
    let events = client.rest_of_turn().await;
    drop(client);
    let (mut client, resumed) = server.resume(&session, 3).await;
    assert!(resumed);
    let again = client.rest_of_turn().await;
    assert_eq!(again, events[3..]);
    let next = client.ask("b", "two").await;
    assert!(
        next.contains("one / two"),
        "the history is still there: {next}"
    );
}

#[tokio::test]
async fn a_turn_goes_on_while_nobody_is_connected() {
    let server = TestServer::start(Limits::default()).await;
    let (mut client, session) = server.hello().await;
    client.turn("a", "please wait").await;
    assert_eq!(kind(&client.next().await.event), "received");
    drop(client);
    server.switch.let_go();
    let (mut client, resumed) = server.resume(&session, 1).await;
    assert!(resumed);
    assert!(answer(&client.rest_of_turn().await).contains("please wait"));
}

#[tokio::test]
async fn a_repeated_turn_is_answered_from_memory() {
    let server = TestServer::start(Limits::default()).await;
    let (mut client, _) = server.hello().await;
    client.turn_with_clip("a", "once", &wav(300)).await;
    let events = client.rest_of_turn().await;
    client.turn_with_clip("a", "once", &wav(300)).await;
    assert_eq!(client.rest_of_turn().await, events);
    assert_eq!(server.switch.n_plans(), 1);
}

#[tokio::test]
async fn two_sessions_never_see_each_other() {
    let server = TestServer::start(Limits::default()).await;
    let ((mut ann, ann_token), (mut ben, ben_token)) = (server.hello().await, server.hello().await);
    assert_ne!(ann_token, ben_token);
    for round in 0..3 {
        // The same turn ids on purpose: an id is only known in its own session.
        let id = format!("turn-{round}");
        ann.turn(&id, &format!("apple{round}")).await;
        ben.turn(&id, &format!("birch{round}")).await;
        let (to_ann, to_ben) = (ann.rest_of_turn().await, ben.rest_of_turn().await);
        let (to_ann, to_ben) = (
            serde_json::to_string(&to_ann).unwrap(),
            serde_json::to_string(&to_ben).unwrap(),
        );
        assert!(to_ann.contains("apple") && !to_ann.contains("birch"));
        assert!(to_ben.contains("birch") && !to_ben.contains("apple"));
    }
    let (mut ben, _) = server.resume(&ben_token, 0).await;
    let replayed = serde_json::to_string(&ben.rest_of_turn().await).unwrap();
    assert!(replayed.contains("birch") && !replayed.contains("apple"));
}

#[tokio::test]
async fn erase_forgets_everything_at_once() {
    let server = TestServer::start(Limits::default()).await;
    let (mut client, session) = server.hello().await;
    client.ask("a", "rowan").await;
    client.say(&ClientMessage::Erase).await;
    let erased = client.next().await;
    assert_eq!(kind(&erased.event), "erased");
    let answered = client.ask("b", "maple").await;
    assert!(!answered.contains("rowan"), "{answered}");
    let (mut other, _) = server.resume(&session, 0).await;
    let first = other.next().await;
    assert_eq!(first, erased, "no event before the erasure is kept");
}

#[tokio::test]
async fn erase_silences_a_turn_that_is_still_running() {
    let server = TestServer::start(Limits::default()).await;
    let (mut client, _) = server.hello().await;
    client.turn("a", "please wait, rowan").await;
    assert_eq!(kind(&client.next().await.event), "received");
    assert_eq!(kind(&client.next().await.event), "cue");
    client.say(&ClientMessage::Erase).await;
    assert_eq!(kind(&client.next().await.event), "erased");
    server.switch.let_go();
    let answered = client.ask("b", "maple").await;
    assert_eq!(answered, "So far: maple. Go on.");
}

#[tokio::test]
async fn what_is_erased_the_reasoner_forgets_too() {
    let server = TestServer::start(Limits::default()).await;
    let (mut client, _) = server.hello().await;
    client.ask("a", "rowan").await;
    client.turn("b", "please fail, birch").await;
    client.rest_of_turn().await;
    client.ask("c", "willow").await;
    let remembered = server.switch.remembered();
    assert!(remembered.contains(&"rowan".to_owned()), "{remembered:?}");
    assert!(!remembered.iter().any(|text| text.contains("birch")));
    client.turn("d", "please wait, alder").await;
    assert_eq!(kind(&client.next().await.event), "received");
    assert_eq!(kind(&client.next().await.event), "cue");
    client.say(&ClientMessage::Erase).await;
    assert_eq!(kind(&client.next().await.event), "erased");
    server.switch.let_go();
    for _ in 0..200 {
        if server.switch.remembered().is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("still remembered: {:?}", server.switch.remembered());
}

#[tokio::test]
async fn the_reasoner_forgets_a_session_that_ran_out_and_what_became_too_old() {
    let limits = Limits {
        history_utterances: 2,
        idle: Duration::from_millis(400),
        ..Limits::default()
    };
    let (state, switch) = crate::support::state(limits);
    let server = TestServer::with_state((state.clone(), std::sync::Arc::clone(&switch))).await;
    let (mut client, _) = server.hello().await;
    client.ask("a", "rowan").await;
    client.ask("b", "maple").await;
    assert!(!switch.remembered().contains(&"rowan".to_owned()));
    assert!(switch.remembered().contains(&"maple".to_owned()));
    assert_eq!(client.refusal().await.0, "session_expired");
    assert!(client.try_next().await.is_none());
    state.drop_expired_sessions();
    for _ in 0..100 {
        if switch.remembered().is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("still remembered: {:?}", switch.remembered());
}

#[tokio::test]
async fn a_correction_is_used_in_the_next_turn() {
    let server = TestServer::start(Limits::default()).await;
    let (mut client, _) = server.hello().await;
    client.ask("a", "one").await;
    let correct = |id: &str, label: &str| ClientMessage::Correct {
        id: id.to_owned(),
        user_emotion: Emotion::from_name(label),
    };
    client.say(&correct("a", "bliss")).await;
    assert_eq!(client.refusal().await.0, "unknown_emotion");
    client.say(&correct("z", "joy")).await;
    assert_eq!(client.refusal().await.0, "unknown_turn");
    client.say(&correct("a", "joy")).await;
    assert_eq!(kind(&client.next().await.event), "corrected");
    client.turn("b", "two").await;
    let events = client.rest_of_turn().await;
    let ServerEvent::UserEmotion { distribution, .. } = &events[2].event else {
        panic!("no emotion");
    };
    assert_eq!(distribution[0].label, "joy");
}

#[tokio::test]
async fn without_consent_no_clip_is_read() {
    let server = TestServer::start(Limits::default()).await;
    let (mut client, _) = server.hello_with(false).await;
    client.turn_with_clip("a", "hear me", &wav(300)).await;
    assert_eq!(
        client.refusal().await,
        ("consent_missing".to_owned(), Some("a".to_owned()))
    );
    assert!(client.ask("b", "read me").await.contains("read me"));
    client.say(&ClientMessage::Consent { sensing: true }).await;
    client.turn_with_clip("c", "hear me", &wav(300)).await;
    assert_eq!(kinds(&client.rest_of_turn().await)[..5], CHAIN);
}

#[tokio::test]
async fn bounds_are_refused_in_words_and_the_session_goes_on() {
    let limits = Limits {
        text_chars: 20,
        frame_bytes: 600,
        clip_bytes: 1_000,
        ..Limits::default()
    };
    let server = TestServer::start(limits).await;
    let (mut client, _) = server.hello().await;
    let (long, huge) = ("x".repeat(21), "x".repeat(700));
    client.turn("a", &long).await;
    assert_eq!(client.refusal().await.0, "text_too_long");
    client.turn("a", &huge).await;
    assert_eq!(client.refusal().await.0, "message_too_large");
    client.turn("a", "  ").await;
    assert_eq!(client.refusal().await.0, "empty_turn");
    client.turn("", "hi").await;
    assert_eq!(client.refusal().await.0, "bad_turn_id");
    client.turn_with_clip("a", "hi", &[7; 1_100]).await;
    assert_eq!(client.refusal().await.0, "clip_too_large");
    client.say(&turn("a", "hi", Some(10))).await;
    client.send(Message::binary(vec![7; 11])).await;
    assert_eq!(client.refusal().await.0, "clip_mismatch");
    client.say(&turn("a", "hi", Some(10))).await;
    client.say(&ClientMessage::Consent { sensing: true }).await;
    assert_eq!(
        client.refusal().await,
        ("clip_missing".to_owned(), Some("a".to_owned()))
    );
    client.send(Message::binary(vec![7; 5])).await;
    assert_eq!(client.refusal().await.0, "clip_unexpected");
    assert!(client.ask("a", "hi").await.contains("hi"));
}

#[tokio::test]
async fn a_clip_arrives_in_pieces_and_one_that_stops_is_given_up() {
    let limits = Limits {
        clip_time: Duration::from_millis(1_500),
        clip_bytes_in_work: 70_000,
        ..Limits::default()
    };
    let server = TestServer::start(limits).await;
    let (mut client, _) = server.hello().await;
    let clip = wav(2_000);
    client.say(&turn("a", "hi", Some(clip.len() as u64))).await;
    for piece in clip.chunks(10_000) {
        client.send(Message::binary(piece.to_vec())).await;
    }
    let events = client.rest_of_turn().await;
    let ServerEvent::Cue { cue, notes, .. } = &events[1].event else {
        panic!("no cue: {:?}", kinds(&events));
    };
    assert!(cue.is_some(), "{notes:?}");

    client.say(&turn("b", "hi", Some(60_000))).await;
    client.send(Message::binary(vec![7; 10])).await;
    // While it is awaited there is no room for another of that size.
    let (mut other, _) = server.hello().await;
    other.say(&turn("a", "hi", Some(60_000))).await;
    assert_eq!(other.refusal().await.0, "busy");
    assert_eq!(
        client.refusal().await,
        ("clip_missing".to_owned(), Some("b".to_owned()))
    );
    // What still comes of it is thrown away, and its room is free again.
    client.send(Message::binary(vec![7; 10])).await;
    other.turn_with_clip("b", "hi", &wav(1_000)).await;
    assert!(answer(&other.rest_of_turn().await).contains("hi"));
}

#[tokio::test]
async fn a_frame_beyond_all_bounds_costs_the_socket_and_not_the_session() {
    let limits = Limits {
        clip_bytes: 1_000,
        ..Limits::default()
    };
    let server = TestServer::start(limits).await;
    let (mut client, session) = server.hello().await;
    client.ask("a", "kept").await;
    client.send(Message::binary(vec![7; 400_000])).await;
    if let Some(envelope) = client.try_next().await {
        assert!(matches!(envelope.event, ServerEvent::Error { .. }));
        assert_eq!(client.try_next().await, None);
    }
    let (mut client, resumed) = server.resume(&session, u64::MAX).await;
    assert!(resumed);
    assert!(client.ask("b", "more").await.contains("kept / more"));
}

#[tokio::test]
async fn garbage_is_refused_and_too_much_of_it_closes_the_socket() {
    let limits = Limits {
        bad_frames: 4,
        ..Limits::default()
    };
    let server = TestServer::start(limits).await;
    let mut client = server.connect().await;
    client.turn("a", "too early").await;
    assert_eq!(client.refusal().await.0, "hello_first");
    for garbage in ["", "{", r#"{"type":"turn"}"#] {
        client.send(Message::text(garbage)).await;
        assert_eq!(client.refusal().await.0, "not_understood");
    }
    client.send(Message::text("[]")).await;
    assert_eq!(client.refusal().await.0, "too_many_bad_frames");
    assert_eq!(client.try_next().await, None);
}

#[tokio::test]
async fn turns_come_one_at_a_time_and_not_too_fast() {
    let limits = Limits {
        turns_per_minute: 2,
        ..Limits::default()
    };
    let server = TestServer::start(limits).await;
    let (mut client, _) = server.hello().await;
    client.turn("a", "please wait").await;
    assert_eq!(kind(&client.next().await.event), "received");
    assert_eq!(kind(&client.next().await.event), "cue");
    client.turn("b", "impatient").await;
    assert_eq!(client.refusal().await.0, "turn_in_progress");
    server.switch.let_go();
    client.rest_of_turn().await;
    client.ask("b", "patient").await;
    client.turn("c", "again").await;
    assert_eq!(client.refusal().await.0, "too_fast");
}

#[tokio::test]
async fn a_reasoner_that_fails_leaves_the_session_whole() {
    let server = TestServer::start(Limits::default()).await;
    let (mut client, _) = server.hello().await;
    client.ask("a", "before").await;
    for (id, text) in [("b", "please fail"), ("c", "please panic")] {
        client.turn(id, text).await;
        let events = client.rest_of_turn().await;
        let ServerEvent::Error { code, fatal, .. } = &events.last().unwrap().event else {
            panic!("no error");
        };
        assert_eq!((code.as_str(), *fatal), ("reasoner_failed", false));
    }
    assert_eq!(
        client.ask("d", "after").await,
        "So far: before / after. Go on."
    );
}

#[tokio::test]
async fn a_turn_that_takes_too_long_is_given_up() {
    let limits = Limits {
        turn_time: Duration::from_millis(50),
        ..Limits::default()
    };
    let server = TestServer::start(limits).await;
    let (mut client, _) = server.hello().await;
    client.turn("a", "please wait").await;
    let events = client.rest_of_turn().await;
    let ServerEvent::Error { code, .. } = &events.last().unwrap().event else {
        panic!("no error");
    };
    assert_eq!(code, "too_slow");
    server.switch.let_go();
}

#[tokio::test]
async fn sessions_have_their_places_and_an_unused_one_gives_its_place_back() {
    let limits = Limits {
        sessions: 1,
        ..Limits::default()
    };
    let server = TestServer::start(limits).await;
    let (first, _) = server.hello().await;
    let mut second = server.connect().await;
    let hello = ClientMessage::Hello {
        session: None,
        last_seq: 0,
        locale: None,
        sensing_consent: false,
    };
    second.say(&hello).await;
    assert_eq!(second.refusal().await.0, "server_full");
    drop(first);
    for _ in 0..100 {
        let mut third = server.connect().await;
        third.say(&hello).await;
        if kind(&third.next().await.event) == "welcome" {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the place was never given back");
}

#[tokio::test]
async fn an_idle_session_is_forgotten_and_its_page_is_told() {
    let limits = Limits {
        idle: Duration::from_millis(300),
        ..Limits::default()
    };
    let server = TestServer::start(limits).await;
    let (mut client, session) = server.hello().await;
    let envelope = client.next().await;
    let ServerEvent::Error { code, fatal, .. } = envelope.event else {
        panic!("no error");
    };
    assert_eq!((code.as_str(), fatal), ("session_expired", true));
    let (_, resumed) = server.resume(&session, 0).await;
    assert!(!resumed);
}

#[tokio::test]
async fn it_says_again_and_again_that_it_is_a_program() {
    let limits = Limits {
        notice_every: Duration::from_millis(100),
        ..Limits::default()
    };
    let server = TestServer::start(limits).await;
    let (mut client, _) = server.hello().await;
    for _ in 0..2 {
        let ServerEvent::Notice { text } = client.next().await.event else {
            panic!("no notice");
        };
        assert!(text.contains("program"));
    }
}

#[tokio::test]
async fn what_is_no_longer_kept_is_not_passed_over_in_silence() {
    let limits = Limits {
        kept_events: 3,
        ..Limits::default()
    };
    let server = TestServer::start(limits).await;
    let (mut client, session) = server.hello().await;
    client.ask("a", "one").await;
    client.ask("b", "two").await;
    let (mut client, _) = server.resume(&session, 0).await;
    assert_eq!(client.refusal().await.0, "events_gone");
    assert!(answer(&client.rest_of_turn().await).contains("one / two"));
    client.turn("a", "one").await;
    assert_eq!(client.refusal().await.0, "answer_gone");
}

#[tokio::test]
async fn a_newer_window_takes_the_session_over() {
    let server = TestServer::start(Limits::default()).await;
    let (mut first, session) = server.hello().await;
    first.ask("a", "one").await;
    let (mut second, resumed) = server.resume(&session, u64::MAX).await;
    assert!(resumed);
    assert_eq!(first.refusal().await.0, "taken_over");
    assert!(second.ask("b", "two").await.contains("one / two"));
}

#[tokio::test]
async fn another_sites_page_cannot_connect() {
    let server = TestServer::start(Limits::default()).await;
    let check = async |origin: String| {
        let mut request = format!("ws://{}/api/v1/live", server.address)
            .into_client_request()
            .unwrap();
        request
            .headers_mut()
            .insert("origin", origin.parse().unwrap());
        tokio_tungstenite::connect_async(request).await.is_ok()
    };
    assert!(check(format!("http://{}", server.address)).await);
    assert!(!check("https://evil.example".to_owned()).await);
    assert!(!check("null".to_owned()).await);
}

#[tokio::test]
async fn many_sessions_are_all_answered() {
    let limits = Limits {
        turns_in_work: 64,
        ..Limits::default()
    };
    let server = TestServer::start(limits).await;
    let mut clients = Vec::new();
    for idx in 0..50 {
        let (mut client, _) = server.hello().await;
        client.turn("a", &format!("person {idx}")).await;
        clients.push(client);
    }
    for (idx, client) in clients.iter_mut().enumerate() {
        let said = answer(&client.rest_of_turn().await);
        assert_eq!(said, format!("So far: person {idx}. Go on."));
    }
}

#[tokio::test]
async fn a_stopped_server_tells_its_pages() {
    let mut server = TestServer::start(Limits::default()).await;
    let (mut client, _) = server.hello().await;
    server.stop();
    assert_eq!(client.refusal().await.0, "closing");
    assert_eq!(client.try_next().await, None);
}
