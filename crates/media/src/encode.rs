//! Pictures in memory as files that other programs read: JPEG and MP4.
//!
//! `ffmpeg` again, under the same limits as when decoding; what it reads and writes stays in memory.

use std::ffi::OsString;
use std::io::Read;

use crate::probe::failure;
use crate::process::{self, Task};
use crate::source::Source;
use crate::{Limits, MediaError, Video};

/// Largest file that is made, in bytes.
const MOST_BYTES: u64 = 64 << 20;
/// The end of a JPEG file; within one, `ff` is followed by other bytes.
const END_OF_JPEG: [u8; 2] = [0xff, 0xd9];

impl Video {
    /// These pictures as JPEG files, in the order of their numbers; numbers of pictures that there
    /// are not are left out.
    ///
    /// # Errors
    /// As for [`crate::decode()`].
    pub fn to_jpegs(&self, numbers: &[usize], limits: &Limits) -> Result<Vec<Vec<u8>>, MediaError> {
        let chosen: Vec<&[u8]> = numbers
            .iter()
            .filter_map(|number| Some(self.frames.get(*number)?.rgb.as_slice()))
            .collect();
        let format = ["-c:v", "mjpeg", "-q:v", "4", "-f", "image2pipe"];
        let files = self.encode(&chosen, 1000, &format, limits)?;
        let mut jpegs = Vec::with_capacity(chosen.len());
        let mut rest = files.as_slice();
        while let Some(end) = rest.windows(2).position(|two| two == END_OF_JPEG) {
            let (jpeg, after) = rest.split_at(end + 2);
            jpegs.push(jpeg.to_vec());
            rest = after;
        }
        Ok(jpegs)
    }

    /// All pictures as an MP4 file without sound.
    ///
    /// # Errors
    /// As for [`crate::decode()`].
    pub fn to_mp4(&self, limits: &Limits) -> Result<Vec<u8>, MediaError> {
        let every_ms = match self.frames.as_slice() {
            [first, second, ..] => second.time_ms.saturating_sub(first.time_ms).max(1),
            _ => 1000,
        };
        let all: Vec<&[u8]> = self
            .frames
            .iter()
            .map(|frame| frame.rgb.as_slice())
            .collect();
        let format = [
            "-vf",
            "pad=ceil(iw/2)*2:ceil(ih/2)*2",
            "-pix_fmt",
            "yuv420p",
            "-c:v",
            "libx264",
            "-preset",
            "veryfast",
            "-movflags",
            "frag_keyframe+empty_moov",
            "-f",
            "mp4",
        ];
        self.encode(&all, every_ms, &format, limits)
    }

    fn encode(
        &self,
        pictures: &[&[u8]],
        every_ms: u64,
        format: &[&str],
        limits: &Limits,
    ) -> Result<Vec<u8>, MediaError> {
        let raw = pictures.concat();
        // Decoded pictures may take more room than a clip may.
        let roomy = Limits {
            input_bytes: limits.video_bytes,
            ..limits.clone()
        };
        let source = Source::bytes(&raw, &roomy)?;
        drop(raw);
        let size = format!("{}x{}", self.width, self.height);
        let rate = format!("1000/{every_ms}");
        let before = [
            "-v",
            "error",
            "-nostdin",
            "-threads",
            "1",
            "-protocol_whitelist",
            "file,pipe",
        ];
        let input = [
            "-f",
            "rawvideo",
            "-pixel_format",
            "rgb24",
            "-video_size",
            &size,
        ];
        let input_end = [
            "-framerate",
            &rate,
            "-i",
            "file:/dev/stdin",
            "-an",
            "-threads",
            "1",
        ];
        let args = before
            .iter()
            .chain(&input)
            .chain(&input_end)
            .chain(format)
            .chain(&["pipe:1"])
            .map(OsString::from)
            .collect();
        let task = Task {
            program: "ffmpeg",
            args,
            stdin: source.stdin()?,
            file_bytes: MOST_BYTES,
        };
        let outcome = process::run(task, limits, |stdout| {
            let mut file = Vec::new();
            // What could not be read is missing at its end, which is noticed below.
            let _ = stdout.take(MOST_BYTES).read_to_end(&mut file);
            file
        })?;
        if !outcome.status.success() || outcome.output.is_empty() {
            return Err(failure("ffmpeg", &outcome, limits));
        }
        Ok(outcome.output)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DecodeOptions, VideoFrame, VideoOptions, decode_bytes};

    /// Pictures that become brighter, of an odd size.
    fn video() -> Video {
        let frame = |n: u8| VideoFrame {
            time_ms: u64::from(n) * 500,
            rgb: vec![20 * n; 63 * 33 * 3],
        };
        Video {
            width: 63,
            height: 33,
            frames: (0..10).map(frame).collect(),
        }
    }

    fn decoded(file: &[u8], fps: f64) -> Video {
        let options = DecodeOptions {
            video: Some(VideoOptions { fps, max_side: 64 }),
            ..DecodeOptions::audio_only()
        };
        let clip = decode_bytes(file, &options, &Limits::live()).unwrap();
        clip.video.unwrap()
    }

    #[test]
    fn a_video_keeps_its_pictures_and_its_pace() {
        let mp4 = video().to_mp4(&Limits::live()).unwrap();
        let read = decoded(&mp4, 2.0);
        assert_eq!((read.width, read.height), (64, 34));
        assert!(
            (9..=11).contains(&read.frames.len()),
            "{}",
            read.frames.len()
        );
        for (n, frame) in read.frames.iter().enumerate().take(9) {
            let far = f64::from(frame.rgb[3 * 64 * 10 + 30]) - 20.0 * n as f64;
            assert!(far.abs() < 12.0, "picture {n} is off by {far}");
        }
    }

    #[test]
    fn chosen_pictures_become_files_of_their_own() {
        let jpegs = video().to_jpegs(&[0, 4, 9, 99], &Limits::live()).unwrap();
        assert_eq!(jpegs.len(), 3);
        for jpeg in &jpegs {
            assert!(jpeg.starts_with(&[0xff, 0xd8]) && jpeg.ends_with(&END_OF_JPEG));
            assert!(jpeg.len() > 100);
        }
        assert!(
            video().to_jpegs(&[], &Limits::live()).is_err(),
            "no picture is no file"
        );
    }
}
