//! How a head is turned, of one moment: yaw, pitch and roll.
//!
//! A small convolutional network ([`HeadNet`]) reads the face and its mirror image. The model that
//! ships with the program is `models/head`; its card says what it was trained on (the angles that
//! `MediaPipe`'s face mesh finds in photographs) and what it cannot do. Where the eyes look is not
//! read: at this size a network of this kind did hardly better than a constant (`docs/results.md`).

mod config;
mod embedded;
mod network;
mod reader;

pub use config::{HeadModelConfig, VERSION};
pub use network::{HeadNet, UNIT_DEG};
pub use reader::HeadReader;

/// How a head is turned, in degrees, as one sees it in the picture.
///
/// Roll is outermost: a picture turned in its plane changes roll and nothing else.
#[derive(Debug, Clone, Copy, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct HeadPose {
    /// The nose points to the right of the picture (positive) or to its left.
    pub yaw: f32,
    /// The nose points up (positive) or down; 0 as in the mean photograph.
    pub pitch: f32,
    /// The head is tilted clockwise (positive) or the other way.
    pub roll: f32,
}

impl HeadPose {
    /// The pose of the mirror image.
    #[must_use]
    pub const fn mirrored(self) -> Self {
        Self {
            yaw: -self.yaw,
            pitch: self.pitch,
            roll: -self.roll,
        }
    }

    /// Yaw, pitch, roll.
    pub const fn angles(self) -> [f32; 3] {
        [self.yaw, self.pitch, self.roll]
    }
}

impl From<[f32; 3]> for HeadPose {
    fn from([yaw, pitch, roll]: [f32; 3]) -> Self {
        Self { yaw, pitch, roll }
    }
}
