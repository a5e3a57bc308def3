//! Every move of a target, and what a post shows of its targets.

use proptest::prelude::*;

use super::*;

const EVENTS: [TargetEvent; 9] = [
    TargetEvent::Schedule,
    TargetEvent::Cancel,
    TargetEvent::Arm,
    TargetEvent::Publish,
    TargetEvent::TryLater,
    TargetEvent::Fail,
    TargetEvent::LoseTrack,
    TargetEvent::Hold,
    TargetEvent::Confirm,
];

proptest! {
    /// Whatever happens, published is final, and nothing is published that was not being sent or held.
    #[test]
    fn published_is_final_and_only_reached_by_sending(events in proptest::collection::vec(0_usize..9, 0..40)) {
        let mut state = TargetState::Draft;
        let mut armed = false;
        for event in events.into_iter().map(|index| EVENTS[index]) {
            let Some(next) = state.after(event) else { continue };
            prop_assert_ne!(state, TargetState::Published, "moved on by {:?}", event);
            armed |= event == TargetEvent::Arm;
            if next == TargetState::Published {
                prop_assert!(armed || (state == TargetState::Held && event == TargetEvent::Confirm));
            }
            // A call under way can neither be cancelled nor rescheduled nor edited.
            if matches!(state, TargetState::Publishing | TargetState::Unknown) {
                prop_assert!(!matches!(event, TargetEvent::Cancel | TargetEvent::Schedule));
                prop_assert!(!state.is_editable());
            }
            state = next;
        }
    }
}

/// Every move that there is; whatever is not here is refused with what is allowed.
#[test]
fn the_whole_table() {
    use TargetState as T;
    let mut moves = Vec::new();
    for state in TargetState::ALL {
        for event in EVENTS {
            match state.apply(event, "@x") {
                Ok(next) => moves.push(format!("{} {event:?} {}", state.as_str(), next.as_str())),
                Err(error) => {
                    assert_eq!(error.code(), "state_forbids");
                    assert!(error.public().next_step.contains(state.allowed()), "{state:?} {event:?}");
                }
            }
        }
    }
    let expected = [
        "draft Schedule scheduled",
        "draft Cancel cancelled",
        "scheduled Schedule scheduled",
        "scheduled Cancel cancelled",
        "scheduled Arm publishing",
        "scheduled TryLater scheduled",
        "scheduled Fail failed",
        "scheduled Hold held",
        "publishing Arm publishing",
        "publishing Publish published",
        "publishing TryLater scheduled",
        "publishing Fail failed",
        "publishing LoseTrack unknown",
        "publishing Hold held",
        "unknown Publish published",
        "unknown TryLater scheduled",
        "unknown Fail failed",
        "unknown LoseTrack unknown",
        "unknown Hold held",
        "failed Schedule scheduled",
        "failed Cancel cancelled",
        "held Schedule scheduled",
        "held Cancel cancelled",
        "held Confirm published",
        "cancelled Schedule scheduled",
    ];
    assert_eq!(moves, expected);
    assert!(EVENTS.iter().all(|event| T::Published.after(*event).is_none()));
}

#[test]
fn text_forms_round_trip() {
    for state in TargetState::ALL {
        assert_eq!(state.as_str().parse::<TargetState>().expect("state"), state);
    }
    for status in PostStatus::ALL {
        assert_eq!(status.as_str().parse::<PostStatus>().expect("status"), status);
    }
    for review in Review::ALL {
        assert_eq!(review.as_str().parse::<Review>().expect("review"), review);
    }
}

#[test]
fn a_post_shows_what_needs_attention_first() {
    use TargetState as T;
    assert_eq!(PostStatus::of(&[]), PostStatus::Draft);
    assert_eq!(PostStatus::of(&[T::Published, T::Published]), PostStatus::Published);
    assert_eq!(PostStatus::of(&[T::Published, T::Failed]), PostStatus::PartlyPublished);
    assert_eq!(PostStatus::of(&[T::Published, T::Scheduled]), PostStatus::Scheduled);
    assert_eq!(PostStatus::of(&[T::Held, T::Scheduled]), PostStatus::Held);
    assert_eq!(PostStatus::of(&[T::Unknown, T::Publishing]), PostStatus::Publishing);
    assert_eq!(PostStatus::of(&[T::Cancelled, T::Cancelled]), PostStatus::Cancelled);
}
