//! Photographs of faces with the angles of the head: `poses.csv` (`image,yaw,pitch,roll`, degrees) and
//! `images/`.

use std::path::Path;

use serde::{Deserialize, Serialize};
use smes_cues::face::head::HeadPose;

use super::recipe::HeadShape;
use crate::face::gallery::{Gallery, Photo, is_file_name};
use crate::{CorpusRef, Progress, TrainingError};

const LABELS: &str = "poses.csv";

/// All photographs of a folder, by part.
pub(super) struct Poses {
    pub(super) train: Vec<Photo<HeadPose>>,
    pub(super) validation: Vec<Photo<HeadPose>>,
    pub(super) test: Vec<Photo<HeadPose>>,
    pub(super) counts: HeadCounts,
    pub(super) reference: CorpusRef,
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
        shape: &HeadShape,
        progress: &mut dyn Progress,
    ) -> Result<Self, TrainingError> {
        let labels = fs_err::read_to_string(folder.join(LABELS))?;
        let listed = parse(&labels, folder)?;
        let n_listed = listed.len();
        let crop = (shape.side, shape.margin);
        let gallery = Gallery::read(folder, &labels, &listed, crop, progress)?;
        let parts = [&gallery.train, &gallery.validation, &gallery.test];
        if parts.iter().any(|part| part.is_empty()) {
            return Err(TrainingError::FewPoses {
                folder: folder.to_owned(),
                n_faces: parts.iter().map(|part| part.len()).sum(),
            });
        }
        Ok(Self {
            counts: HeadCounts {
                listed: n_listed,
                unreadable: gallery.n_unreadable,
                faceless: gallery.n_faceless,
            },
            reference: CorpusRef {
                name: "poses".to_owned(),
                checksum: gallery.checksum,
            },
            train: gallery.train,
            validation: gallery.validation,
            test: gallery.test,
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
