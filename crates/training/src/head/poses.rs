//! Photographs of faces with the angles of the head: `poses.csv` (`image,yaw,pitch,roll`, degrees) and
//! `images/`.

use std::path::Path;

use serde::{Deserialize, Serialize};
use smes_cues::face::head::HeadPose;
use smes_cues::face::{Grey, Square};

use crate::face::gallery::{Gallery, Photo, View, is_file_name};
use crate::face::{FaceShape, Wide};
use crate::{Progress, TrainingError};

const LABELS: &str = "poses.csv";

/// A photograph to judge by.
pub(super) type Judged = Photo<HeadPose, Views>;

/// The face as the network reads it, and with surroundings, of which turned copies are made.
pub(super) struct Views {
    pub(super) face: Grey,
    pub(super) wide: Wide,
}

impl View for Views {
    fn of(picture: &Grey, square: &Square, side: usize) -> Self {
        Self {
            face: View::of(picture, square, side),
            wide: View::of(picture, square, side),
        }
    }
}

/// All photographs of a folder.
pub(super) struct Poses {
    pub(super) gallery: Gallery<HeadPose, Views>,
    pub(super) counts: HeadCounts,
}

/// What became of the photographs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeadCounts {
    /// Named by `poses.csv`.
    pub listed: usize,
    /// That are no JPEG files.
    pub unreadable: usize,
    /// In which no face was found.
    pub faceless: usize,
}

impl Poses {
    /// Reads a folder.
    pub(super) fn read(
        folder: &Path,
        shape: &FaceShape,
        progress: &mut dyn Progress,
    ) -> Result<Self, TrainingError> {
        let labels = fs_err::read_to_string(folder.join(LABELS))?;
        let listed = parse(&labels, folder)?;
        let n_listed = listed.len();
        let crop = (shape.side, shape.margin);
        let gallery = Gallery::<_, Views>::read(folder, &labels, &listed, crop, progress)?;
        let sizes = [
            gallery.train.len(),
            gallery.validation.len(),
            gallery.test.len(),
        ];
        if sizes.contains(&0) {
            return Err(TrainingError::FewPoses {
                folder: folder.to_owned(),
                n_faces: gallery.n_faces(),
            });
        }
        Ok(Self {
            counts: HeadCounts {
                listed: n_listed,
                unreadable: gallery.n_unreadable,
                faceless: gallery.n_faceless,
            },
            gallery,
        })
    }
}

/// The lines of `poses.csv` after its header.
fn parse(text: &str, folder: &Path) -> Result<Vec<(String, HeadPose)>, TrainingError> {
    let lines = text.lines().enumerate().skip(1);
    lines
        .map(|(idx, line)| {
            parse_line(line).ok_or_else(|| TrainingError::PoseLabel {
                path: folder.join(LABELS),
                line: idx + 1,
            })
        })
        .collect()
}

fn parse_line(line: &str) -> Option<(String, HeadPose)> {
    let mut fields = line.split(',');
    let name = fields.next().filter(|name| is_file_name(name))?;
    let mut angle = || {
        let degrees: f32 = fields.next()?.trim().parse().ok()?;
        (degrees.abs() <= 180.0).then_some(degrees)
    };
    let pose = HeadPose::from([angle()?, angle()?, angle()?]);
    fields.next().is_none().then(|| (name.to_owned(), pose))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn angles_are_read_and_a_bad_line_is_named() {
        let text = "image,yaw,pitch,roll\na_1.jpg,12.5,-3,0.25\n";
        let expected = HeadPose::from([12.5, -3.0, 0.25]);
        assert_eq!(
            parse(text, Path::new("poses")).unwrap(),
            [("a_1.jpg".to_owned(), expected)]
        );
        for bad in [
            "a_1.jpg,1,2",
            "a_1.jpg,1,2,3,4",
            "a_1.jpg,1,2,nan",
            "a_1.jpg,200,0,0",
            "../a.jpg,1,2,3",
            "",
        ] {
            let text = format!("image,yaw,pitch,roll\n{bad}\nb_1.jpg,0,0,0\n");
            let error = parse(&text, Path::new("poses")).unwrap_err().to_string();
            assert!(error.contains("line 2"), "{bad}: {error}");
        }
    }
}
