//! Images and videos of one message against a network's rules.

use super::{super::lengths::text_length, violation};
use crate::model::networks::{Capabilities, DraftSegment, FileRules, LengthUnit, MediaFacts, MediaRules, Violation};

/// How a network treats a file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    Image,
    Animation,
    Video,
}

impl Sort {
    const ALL: [Self; 3] = [Self::Image, Self::Animation, Self::Video];

    fn of(file: &MediaFacts, rules: &MediaRules) -> Self {
        match file.mime.as_str() {
            mime if mime.starts_with("video/") => Self::Video,
            "image/gif" if rules.animations.is_some() => Self::Animation,
            _ => Self::Image,
        }
    }

    fn rules(self, rules: &MediaRules) -> Option<&FileRules> {
        match self {
            Self::Image => rules.images.as_ref(),
            Self::Animation => rules.animations.as_ref(),
            Self::Video => rules.videos.as_ref(),
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::Image => "Image",
            Self::Animation => "GIF",
            Self::Video => "Video",
        }
    }

    const fn plural(self) -> &'static str {
        match self {
            Self::Image => "images",
            Self::Animation => "GIFs",
            Self::Video => "videos",
        }
    }
}

pub(super) fn check(rules: &Capabilities, index: usize, segment: &DraftSegment, found: &mut Vec<Violation>) {
    let title = &rules.title;
    let field = format!("segments[{index}].media");
    let message = index + 1;
    if rules.media.required && segment.media.is_empty() {
        let kind = match (&rules.media.images, &rules.media.videos) {
            (Some(_), Some(_)) => "an image or a video",
            (None, Some(_)) => "a video",
            _ => "an image",
        };
        found.push(violation(&field, format!("Message {message} has no media; a post on {title} needs {kind}.")));
    }
    let present: Vec<(Sort, usize)> = Sort::ALL
        .into_iter()
        .map(|sort| (sort, segment.media.iter().filter(|file| Sort::of(file, &rules.media) == sort).count()))
        .filter(|(_, count)| *count > 0)
        .collect();
    for (sort, count) in &present {
        let most = sort.rules(&rules.media).map_or(0, |rules| rules.max as usize);
        // A kind that the network does not take at all is told at the file.
        if most > 0 && *count > most {
            let what = sort.plural();
            found.push(violation(
                &field,
                format!("Message {message} has {count} {what}; {title} takes {most}: remove {}.", count - most),
            ));
        }
    }
    let (all, most) = (segment.media.len(), rules.media.max as usize);
    if present.len() > 1 && !rules.media.mixed {
        let kinds: Vec<_> = present.iter().map(|(sort, _)| sort.plural()).collect();
        found.push(violation(
            &field,
            format!("Message {message} has {}; {title} takes one kind in a message.", kinds.join(" and ")),
        ));
    } else if present.len() > 1 && all > most {
        found.push(violation(
            &field,
            format!("Message {message} has {all} attachments; {title} takes {most}: remove {}.", all - most),
        ));
    }
    for (place, file) in segment.media.iter().enumerate() {
        let sort = Sort::of(file, &rules.media);
        let at = Place {
            title,
            field: format!("{field}[{place}]"),
            name: format!("{} {} of message {message}", sort.title(), place + 1),
        };
        match sort.rules(&rules.media) {
            None => found.push(violation(&at.field, unaccepted(rules, &at.name, sort))),
            Some(limits) => at.check(file, limits, found),
        }
        if let Some(limit) = rules.media.alt_text_max.map(|limit| limit as usize) {
            let described = text_length(&file.alt_text, LengthUnit::Graphemes);
            if described > limit {
                let what = format!("{} {} of message {message}", sort.title().to_lowercase(), place + 1);
                let over = described - limit;
                found.push(violation(
                    &format!("{}.alt_text", at.field),
                    format!(
                        "The description of {what} has {described} characters; {title} takes {limit}: {over} too many."
                    ),
                ));
            }
        }
    }
}

fn unaccepted(rules: &Capabilities, name: &str, sort: Sort) -> String {
    let (title, what) = (&rules.title, sort.plural());
    if rules.connectable {
        format!("{name} cannot be sent: AllIN publishes no {what} to {title}.")
    } else {
        format!("{name} cannot be sent: {title} takes no {what}.")
    }
}

/// Where a file stands, for messages.
struct Place<'a> {
    title: &'a str,
    field: String,
    name: String,
}

impl Place<'_> {
    fn check(&self, file: &MediaFacts, limits: &FileRules, found: &mut Vec<Violation>) {
        let Self { title, field, name } = self;
        let mut tell = |message: String| found.push(violation(field, message));
        if !limits.types.contains(&file.mime) {
            tell(format!("{name} is {}; {title} takes {}.", file.mime, limits.types.join(", ")));
        }
        if let Some(limit) = limits.bytes_max.filter(|limit| file.bytes > *limit) {
            let over = file.bytes - limit;
            tell(format!(
                "{name} has {} bytes; {title} takes {limit}: {over} too many. Scale or compress it.",
                file.bytes
            ));
        }
        let (width, height) = (file.width, file.height);
        let pixels = u64::from(width) * u64::from(height);
        if let Some(limit) = limits.pixels_max.filter(|limit| pixels > *limit) {
            tell(format!(
                "{name} has {width} × {height} pixels, {pixels} in all; {title} takes {limit}. Scale it down."
            ));
        }
        if let Some(limit) = limits.side_min.filter(|limit| width.min(height) < *limit) {
            tell(format!("{name} has {width} × {height} pixels; on {title} each side has at least {limit}."));
        }
        if let Some(limit) = limits.side_max.filter(|limit| width.max(height) > *limit) {
            tell(format!("{name} has {width} × {height} pixels; on {title} no side has more than {limit}."));
        }
        if let Some([least, most]) = limits.ratio {
            let ratio = f64::from(width) / f64::from(height.max(1));
            if ratio < least || ratio > most {
                tell(format!(
                    "{name} is {ratio:.3} times as wide as high; {title} takes {least:.2} to {most:.2}. Crop it."
                ));
            }
        }
        if let Some(video) = &file.video {
            self.check_video(video, limits, &mut tell);
        }
    }

    fn check_video(&self, video: &crate::model::media::VideoFacts, limits: &FileRules, tell: &mut impl FnMut(String)) {
        let Self { title, name, .. } = self;
        let timed = limits.seconds_min.is_some() || limits.seconds_max.is_some();
        match video.seconds() {
            None if timed => tell(format!(
                "{name} does not tell its duration, which {title} limits: export it again as an ordinary MP4."
            )),
            Some(seconds) => range(seconds, limits.seconds_min, limits.seconds_max, |bound| {
                tell(format!("{name} lasts {seconds:.1} seconds; {title} takes {bound}."));
            }),
            None => {}
        }
        if let Some(rate) = video.frames_per_second() {
            range(rate, limits.frames_per_second_min, limits.frames_per_second_max, |bound| {
                tell(format!("{name} has {rate:.2} frames a second; {title} takes {bound}."));
            });
        }
        if !limits.codecs.is_empty() && !limits.codecs.contains(&video.codec) {
            tell(format!(
                "{name} has the codec {}; {title} takes {}. Export it again.",
                video.codec,
                limits.codecs.join(", ")
            ));
        }
        if let Some(sound) = video
            .audio_codec
            .as_ref()
            .filter(|sound| !limits.audio_codecs.is_empty() && !limits.audio_codecs.contains(sound))
        {
            tell(format!(
                "The sound of {name} has the codec {sound}; {title} takes {}. Export it again.",
                limits.audio_codecs.join(", ")
            ));
        }
    }
}

/// Says the bound that a value breaks.
fn range(value: f64, least: Option<f64>, most: Option<f64>, tell: impl FnOnce(String)) {
    if let Some(least) = least.filter(|least| value < *least) {
        tell(format!("at least {least}"));
    } else if let Some(most) = most.filter(|most| value > *most) {
        tell(format!("at most {most}"));
    }
}

#[cfg(test)]
mod tests;
