//! Which media a server is shown, most first, and what is known of what it takes.
//!
//! A refusal says rarely which part it is about. So a refused set of media tells something only once a
//! smaller set was taken: what is left over, if it is one medium alone, is what the server does not
//! take.

use smes_dialogue::Modality;

/// Media of a request, as a set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Media {
    pub(super) video: bool,
    pub(super) pictures: bool,
    pub(super) sound: bool,
}

impl Media {
    /// Those that the clip has too.
    const fn of(self, has: Self) -> Self {
        Self {
            video: self.video && has.video,
            pictures: self.pictures && has.pictures,
            sound: self.sound && has.sound,
        }
    }

    const fn and(self, other: Self) -> Self {
        Self {
            video: self.video || other.video,
            pictures: self.pictures || other.pictures,
            sound: self.sound || other.sound,
        }
    }

    const fn without(self, other: Self) -> Self {
        Self {
            video: self.video && !other.video,
            pictures: self.pictures && !other.pictures,
            sound: self.sound && !other.sound,
        }
    }

    const fn n(self) -> u8 {
        self.video as u8 + self.pictures as u8 + self.sound as u8
    }

    const fn meets(self, other: Self) -> bool {
        self.of(other).n() > 0
    }
}

/// A way to show a clip; what the clip lacks is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rung {
    /// The video, and its sound beside it: that within a video is not heard.
    Video,
    /// Some pictures with their times, and the sound.
    Pictures,
    /// The video, and what is measured of the voice in words.
    VideoAndMeasures,
    /// Some pictures, and what is measured of the voice in words.
    PicturesAndMeasures,
    /// The sound, and what is measured in words.
    SoundAndMeasures,
    /// What is measured in words alone.
    Words,
}

const RUNGS: [Rung; 6] = [
    Rung::Video,
    Rung::Pictures,
    Rung::VideoAndMeasures,
    Rung::PicturesAndMeasures,
    Rung::SoundAndMeasures,
    Rung::Words,
];

impl Rung {
    /// What is shown of a clip, as written into the cue's provenance: `video.sound`.
    pub(super) fn name(self, has: Media) -> String {
        let needs = self.needs(has);
        let named = [
            (needs.video, "video"),
            (needs.pictures, "pictures"),
            (needs.sound, "sound"),
            (self.tells_measures(has), "measures"),
        ];
        let names = named
            .into_iter()
            .filter_map(|(is, name)| is.then_some(name));
        names.collect::<Vec<_>>().join(".")
    }

    /// Whether something of the clip is told in measured words, because it is not shown.
    pub(super) const fn tells_measures(self, has: Media) -> bool {
        let needs = self.needs(has);
        let is_seen = needs.video || needs.pictures;
        (has.sound && !needs.sound) || (has.pictures && !is_seen) || needs.n() == 0
    }

    /// As a person is told.
    pub(super) const fn what(self) -> &'static str {
        match self {
            Self::Video => "the video and its sound",
            Self::Pictures => "single pictures and the sound",
            Self::VideoAndMeasures => "the video, and the voice in measured words alone",
            Self::PicturesAndMeasures => "single pictures, and the voice in measured words alone",
            Self::SoundAndMeasures => "the sound, and the face in measured words alone",
            Self::Words => "what was measured, in words alone",
        }
    }

    /// The media that it shows of a clip.
    pub(super) const fn needs(self, has: Media) -> Media {
        let all = Media {
            video: matches!(self, Self::Video | Self::VideoAndMeasures),
            pictures: matches!(self, Self::Pictures | Self::PicturesAndMeasures),
            sound: matches!(self, Self::Video | Self::Pictures | Self::SoundAndMeasures),
        };
        all.of(has)
    }

    /// What the answer rests on, beside what was measured.
    pub(super) fn modalities(self, has: Media) -> Vec<Modality> {
        let needs = self.needs(has);
        let is_seen = needs.video || needs.pictures;
        [(needs.sound, Modality::Audio), (is_seen, Modality::Video)]
            .into_iter()
            .filter_map(|(is, modality)| is.then_some(modality))
            .collect()
    }
}

/// What is known of a server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Known {
    takes: Media,
    refuses: Media,
}

impl Known {
    /// The rungs to try for a clip with these media: different from each other, and without what the
    /// server is known to refuse. The last shows no media.
    pub(super) fn rungs(self, has: Media) -> Vec<Rung> {
        let mut rungs: Vec<Rung> = Vec::new();
        for rung in RUNGS {
            let needs = rung.needs(has);
            let is_known = rungs.iter().any(|before| before.needs(has) == needs);
            if !needs.meets(self.refuses) && !is_known {
                rungs.push(rung);
            }
        }
        // A clip without media is told of in words from the start.
        if !rungs.contains(&Rung::Words) {
            rungs.retain(|rung| rung.needs(has).n() > 0);
            rungs.push(Rung::Words);
        }
        rungs
    }

    /// Learns that these are not taken.
    pub(super) fn refuse(&mut self, media: Media) {
        self.refuses = self.refuses.and(media);
    }

    /// Learns from the media that were refused, one set after the other, and those then taken.
    pub(super) fn learn(&mut self, refused: &[Media], taken: Media) {
        self.takes = self.takes.and(taken);
        for set in refused.iter().rev() {
            let unsure = set.without(self.takes);
            // Where a part is known to be refused, nothing can be learnt of the others; where all
            // are known to be taken, it was something about this clip.
            if !set.meets(self.refuses) && unsure.n() == 1 {
                self.refuse(unsure);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Media = Media {
        video: true,
        pictures: true,
        sound: true,
    };
    const SOUND: Media = Media {
        video: false,
        pictures: false,
        sound: true,
    };
    const NONE: Media = Media {
        video: false,
        pictures: false,
        sound: false,
    };

    /// Shows clips to a server that takes certain media; gives the requests of each.
    fn shown(takes: Media, clips: &[Media]) -> Vec<Vec<Rung>> {
        let mut known = Known::default();
        let one = |has: &Media| {
            let (mut tried, mut refused) = (Vec::new(), Vec::new());
            for rung in known.rungs(*has) {
                tried.push(rung);
                let needs = rung.needs(*has);
                if needs.without(takes) == NONE {
                    known.learn(&refused, needs);
                    break;
                }
                refused.push(needs);
            }
            tried
        };
        clips.iter().map(one).collect()
    }

    #[test]
    fn a_server_is_asked_once_for_what_it_does_not_take() {
        use Rung::{
            Pictures, PicturesAndMeasures, SoundAndMeasures, Video, VideoAndMeasures, Words,
        };
        let check = |takes: &str, clips: &[Media], expected: &[&[Rung]]| {
            let takes = Media {
                video: takes.contains('v'),
                pictures: takes.contains('p'),
                sound: takes.contains('s'),
            };
            assert_eq!(shown(takes, clips), expected, "{takes:?}");
        };
        let mute = Media {
            sound: false,
            ..ALL
        };
        check("vps", &[ALL, SOUND], &[&[Video], &[Video]]);
        check("ps", &[ALL, ALL], &[&[Video, Pictures], &[Pictures]]);
        check(
            "vp",
            &[ALL, ALL, SOUND],
            &[
                &[Video, Pictures, VideoAndMeasures],
                &[VideoAndMeasures],
                &[Words],
            ],
        );
        check(
            "p",
            &[ALL, ALL],
            &[
                &[Video, Pictures, VideoAndMeasures, PicturesAndMeasures],
                &[PicturesAndMeasures],
            ],
        );
        check("s", &[ALL, ALL], &[&RUNGS[..5], &[SoundAndMeasures]]);
        check(
            "",
            &[ALL, ALL, SOUND, mute],
            &[&RUNGS, &[Words], &[Words], &[Words]],
        );
    }

    #[test]
    fn a_clip_that_is_refused_does_not_speak_for_the_server() {
        let mut known = Known::default();
        known.learn(&[], Rung::Video.needs(ALL));
        known.learn(&[Rung::Video.needs(ALL)], Rung::Pictures.needs(ALL));
        assert_eq!(known.rungs(ALL)[0], Rung::Video);
    }

    #[test]
    fn what_the_clip_lacks_makes_no_rung_of_its_own() {
        let known = Known::default();
        assert_eq!(known.rungs(SOUND), [Rung::Video, Rung::Words]);
        assert_eq!(known.rungs(NONE), [Rung::Words]);
        let mute = Media {
            sound: false,
            ..ALL
        };
        assert_eq!(
            known.rungs(mute),
            [Rung::Video, Rung::Pictures, Rung::Words]
        );
    }
}
