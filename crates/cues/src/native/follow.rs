//! What `native` hears and sees while a person still speaks.

use std::sync::Arc;

use smes_dialogue::Cue;
use smes_media::{Clip, News, Video};

use super::NativeExtractor;
use crate::face::{Grey, Watch};
use crate::follow::VoiceFollower;
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

impl Follower for NativeFollower {
    fn follow(&mut self, news: &News) -> Option<Moment> {
        if let Some(video) = &news.video {
            self.watch(video, 0);
        }
        self.voice.follow(news)
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
        self.native.cue(clip, seen, baseline)
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
        // The last pictures come with the end of the recording.
        for frames in video.frames[..40].chunks(3) {
            let news = News {
                samples: Vec::new(),
                video: Some(Video {
                    frames: frames.to_vec(),
                    ..*video
                }),
            };
            assert_eq!(follower.follow(&news), None);
        }
        let followed = follower.finish(&clip, &mut SpeakerBaseline::default());
        let whole = native.extract(&clip, &mut SpeakerBaseline::default());
        assert_eq!(followed.unwrap(), whole.unwrap());
    }
}
