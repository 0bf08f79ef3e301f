//! Sound as a WAV file of 16 bits: what every program that listens can read.

use crate::Audio;

/// Bytes before the samples.
const HEADER: u32 = 44;

impl Audio {
    /// The sound as a WAV file, mono, 16 bits a sample; louder than full scale is cut off.
    ///
    /// A file cannot hold more than 4 GiB; a longer sound loses its end.
    pub fn to_wav(&self) -> Vec<u8> {
        let most = ((u32::MAX - HEADER) / 2) as usize;
        let samples = &self.samples[..self.samples.len().min(most)];
        #[expect(clippy::cast_possible_truncation, reason = "at most what 32 bits hold")]
        let n_bytes = samples.len() as u32 * 2;
        let mut file = Vec::with_capacity(HEADER as usize + n_bytes as usize);
        file.extend(b"RIFF");
        file.extend((HEADER - 8 + n_bytes).to_le_bytes());
        file.extend(b"WAVEfmt ");
        file.extend(16_u32.to_le_bytes());
        // PCM, one channel.
        file.extend([1_u16, 1].map(u16::to_le_bytes).concat());
        file.extend(self.sample_rate.to_le_bytes());
        file.extend((self.sample_rate.saturating_mul(2)).to_le_bytes());
        file.extend([2_u16, 16].map(u16::to_le_bytes).concat());
        file.extend(b"data");
        file.extend(n_bytes.to_le_bytes());
        file.extend(
            samples
                .iter()
                .flat_map(|sample| sixteen_bits(*sample).to_le_bytes()),
        );
        file
    }
}

#[expect(clippy::cast_possible_truncation, reason = "within 16 bits")]
fn sixteen_bits(sample: f32) -> i16 {
    (sample * 32_768.0).round().clamp(-32_768.0, 32_767.0) as i16
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DecodeOptions, Limits, decode_bytes};

    #[test]
    fn what_is_written_is_read_back_within_half_a_step() {
        let samples: Vec<f32> = (0..1_600).map(|i| (i as f32 * 0.05).sin() * 0.7).collect();
        let audio = Audio {
            samples: samples.clone(),
            sample_rate: 16_000,
        };
        let file = audio.to_wav();
        let clip = decode_bytes(&file, &DecodeOptions::audio_only(), &Limits::live()).unwrap();
        let read = clip.audio.unwrap();
        assert_eq!((read.samples.len(), read.sample_rate), (1_600, 16_000));
        let far = read
            .samples
            .iter()
            .zip(&samples)
            .map(|(a, b)| (a - b).abs());
        assert!(far.fold(0.0, f32::max) <= 0.5 / 32_768.0);
    }

    #[test]
    fn what_is_too_loud_is_cut_off_and_nothing_is_a_file_too() {
        let loud = [2.0, -2.0, f32::NAN].map(sixteen_bits);
        assert_eq!(loud, [i16::MAX, i16::MIN, 0]);
        let none = Audio {
            samples: Vec::new(),
            sample_rate: 16_000,
        };
        assert_eq!(none.to_wav().len(), 44);
    }
}
