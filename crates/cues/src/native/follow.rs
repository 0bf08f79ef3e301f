//! What `native` hears and sees while a person still speaks.

use std::sync::Arc;

use smes_dialogue::Cue;
use smes_media::{Clip, News, Video};

use super::{Decoded, NativeExtractor};
use crate::face::{Glance, Grey, Watch};
use crate::follow::{FaceNow, VoiceFollower};
use crate::{CueError, CueExtractor, Follower, Moment, SpeakerBaseline};

/// Measures the voice of each moment and watches the face, so that at the end only the voice as a whole
/// is left to describe.
pub(super) struct NativeFollower {
    native: Arc<NativeExtractor>,
    voice: VoiceFollower,
    watch: Watch,
    n_watched: usize,
}

impl NativeFollower {
    pub(super) fn new(native: Arc<NativeExtractor>) -> Self {
        Self {
            voice: VoiceFollower::new(native.clone(), native.wants().sample_rate),
            watch: native.faces.watch(),
            n_watched: 0,
            native,
        }
    }

    /// Watches the pictures of a video from the `first` on.
    fn watch(&mut self, video: &Video, first: usize) {
        for frame in video.frames.iter().skip(first) {
            self.n_watched += 1;
            if let Some(picture) = Grey::of_frame(video, frame) {
                self.watch.see(frame.time_ms, &picture);
            }
        }
    }
}

impl NativeFollower {
    fn face_now(&mut self) -> FaceNow {
        match self.watch.glance() {
            None => FaceNow::None,
            Some(Glance::Flawed(flaw)) => FaceNow::Flawed(flaw),
            Some(Glance::Judged(probs)) => {
                let named = self.native.expressions().names().zip(probs);
                let top = named.max_by(|a, b| a.1.total_cmp(&b.1));
                top.map_or(FaceNow::None, |(expression, prob)| FaceNow::Like {
                    expression: expression.to_owned(),
                    prob,
                })
            }
        }
    }
}

impl Follower for NativeFollower {
    fn follow(&mut self, news: &News) -> Option<Moment> {
        if let Some(video) = &news.video {
            self.watch(video, 0);
        }
        let heard = self.voice.follow(news);
        let seen = news.video.as_ref().and_then(|video| video.frames.last());
        match (heard, seen) {
            (heard, None) => heard,
            (heard, Some(picture)) => Some(Moment {
                face: Some(self.face_now()),
                ..heard.unwrap_or(Moment {
                    time_ms: picture.time_ms,
                    level_db: None,
                    f0_hz: None,
                    face: None,
                })
            }),
        }
    }

    fn finish(
        mut self: Box<Self>,
        clip: &Clip,
        baseline: &mut SpeakerBaseline,
    ) -> Result<Cue, CueError> {
        if let Some(video) = &clip.video {
            let first = self.n_watched;
            self.watch(video, first);
        }
        let seen = Some(self.watch.finish()?).filter(|seen| seen.n_frames > 0);
        let (cue, _) = self.native.cue(Decoded::of(clip), || Ok(seen), baseline)?;
        Ok(cue)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use smes_media::{Limits, decode};

    #[test]
    fn a_face_that_was_watched_meanwhile_gives_the_cue_of_the_whole() {
        let Some(folder) = smes_testkit::shared_data("clips") else {
            return;
        };
        let native = Arc::new(NativeExtractor::embedded().unwrap());
        let path = folder.join("IronMan.mp4");
        let clip = decode(&path, &native.wants(), &Limits::live()).unwrap();
        let mut follower = Arc::clone(&native).follow().unwrap();
        let video = clip.video.as_ref().unwrap();
        let mut seen = Vec::new();
        // The last pictures come with the end of the recording.
        for frames in video.frames[..40].chunks(3) {
            let news = News {
                samples: Vec::new(),
                video: Some(Video {
                    frames: frames.to_vec(),
                    ..*video
                }),
            };
            let moment = follower.follow(&news).expect("pictures came");
            assert_eq!(moment.time_ms, frames.last().unwrap().time_ms);
            assert_eq!((moment.level_db, moment.f0_hz), (None, None));
            seen.push(moment.face.expect("a picture came"));
        }
        let is_judged = |face: &&FaceNow| {
            matches!(face, FaceNow::Like { expression, prob }
                if native.expressions().names().any(|name| name == expression)
                    && (0.0..=1.0).contains(prob))
        };
        assert!(seen.iter().any(|face| is_judged(&face)), "{seen:?}");
        let followed = follower.finish(&clip, &mut SpeakerBaseline::default());
        let whole = native.extract(&clip, &mut SpeakerBaseline::default());
        let (followed, whole) = (followed.unwrap(), whole.unwrap());
        assert_eq!(followed.observation, whole.observation);
        assert_eq!(followed.limits, whole.limits);
        // The network reads two faces at a time here and many there: the last digits differ.
        let pairs = followed.features.iter().zip(&whole.features);
        for (followed, whole) in pairs {
            assert_eq!(followed.name, whole.name);
            assert!(
                (followed.value - whole.value).abs() < 1e-4,
                "{followed:?} {whole:?}"
            );
        }
        assert_eq!(followed.features.len(), whole.features.len());
    }
}
