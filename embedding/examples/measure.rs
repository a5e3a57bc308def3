//! Loads the model file that is given and prints what it costs, as one line of JSON. One thread; CPU time is the process's.
//! `cargo run --release -p allin-embedding --example measure -- e5-small-q4.bin [avx512|avx2|plain]`
#![expect(
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    reason = "an example prints, and measures nothing that is large"
)]

use std::{error::Error, path::Path, time::Instant};

use allin_embedding::{Kernels, Model, Purpose};

const QUESTIONS: [&str; 6] = [
    "Which plan lets three people of one team plan posts for five accounts?",
    "What happens to a post that was due while nothing was running?",
    "Wie plane ich einen Beitrag für Montag um neun Uhr, ohne dass er doppelt erscheint?",
    "¿Quién aprueba los cambios de una publicación después de la campaña?",
    "Как отменить публикацию, запланированную на завтра?",
    "定时发布失败后，系统会自动重试吗？还是需要人工处理？",
];

const TEXT: &str = "AllIN keeps what it knows. When the answer of a network is lost, the message is looked up before anybody sends it \
    again, and a person decides where the network cannot be asked. Nothing is published twice because a process was killed, a clock \
    was wrong, or a connection was cut in the middle of an answer. A pause holds everything that is due. ";

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("which file?")?;
    let start = Instant::now();
    let mut model = Model::open(Path::new(&path))?;
    let load_ms = start.elapsed().as_secs_f64() * 1e3;
    match arguments.next().as_deref() {
        Some("avx512") => model = model.with(Kernels::Avx512),
        Some("avx2") => model = model.with(Kernels::Avx2),
        Some("plain") => model = model.with(Kernels::Plain),
        _ => {}
    }
    let window = model.windows(&TEXT.repeat(8), 230, 0).first().cloned().unwrap_or_default();
    let text = TEXT.repeat(8);
    let window = text.get(window).unwrap_or_default();
    let tokens = model.count(window);
    let queries = measure(200, |round| model.embed(Purpose::Query, QUESTIONS[round % QUESTIONS.len()]).map(drop))?;
    let windows = measure(20, |_| model.embed(Purpose::Passage, window).map(drop))?;
    let long = TEXT.repeat(200);
    let start = Instant::now();
    let counted = model.count(&long);
    let count_per_s = counted as f64 / start.elapsed().as_secs_f64();
    println!(
        "{{\"load_ms\":{load_ms:.1},\"query_cpu_ms\":{:.2},\"query_wall_p50_ms\":{:.2},\"query_wall_p95_ms\":{:.2},\
         \"window_tokens\":{tokens},\"window_cpu_ms\":{:.2},\"tokens_per_s\":{:.0},\"tokenized_per_s\":{count_per_s:.0},\"rss_mb\":{:.1}}}",
        queries.cpu_ms,
        queries.p50_ms,
        queries.p95_ms,
        windows.cpu_ms,
        tokens as f64 / windows.cpu_ms * 1e3,
        resident_mb()?,
    );
    Ok(())
}

struct Cost {
    cpu_ms: f64,
    p50_ms: f64,
    p95_ms: f64,
}

fn measure(rounds: usize, mut run: impl FnMut(usize) -> std::io::Result<()>) -> Result<Cost, Box<dyn Error>> {
    run(0)?;
    let before = cpu_ms()?;
    let mut walls = Vec::new();
    for round in 0..rounds {
        let start = Instant::now();
        run(round)?;
        walls.push(start.elapsed().as_secs_f64() * 1e3);
    }
    let cpu_ms = (cpu_ms()? - before) / rounds as f64;
    walls.sort_by(f64::total_cmp);
    Ok(Cost { cpu_ms, p50_ms: walls[rounds / 2], p95_ms: walls[rounds * 95 / 100] })
}

/// User and system time of this process, in nanoseconds by the scheduler's count.
fn cpu_ms() -> Result<f64, Box<dyn Error>> {
    let text = std::fs::read_to_string("/proc/self/schedstat")?;
    Ok(text.split_whitespace().next().ok_or("schedstat")?.parse::<f64>()? / 1e6)
}

fn resident_mb() -> Result<f64, Box<dyn Error>> {
    let text = std::fs::read_to_string("/proc/self/status")?;
    let line = text.lines().find(|line| line.starts_with("VmRSS")).ok_or("VmRSS")?;
    Ok(line.split_whitespace().nth(1).ok_or("VmRSS")?.parse::<f64>()? / 1024.0)
}
