//! Processor time of processes, where /proc tells it. Must not know what the processes do.

/// Processor time that a process has used so far, in microseconds; where /proc tells it.
pub fn cpu_micros(pid: u32) -> Option<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // After the name, which may hold anything: state is field 3, user and system time are 14 and 15, in hundredths.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) * 10_000.0)
}

/// Processor time of the processes that `parent` started, in microseconds: the database's connections.
pub fn children_cpu_micros(parent: u32) -> Option<f64> {
    let children = std::fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).ok()?;
    Some(children.split_whitespace().filter_map(|pid| cpu_micros(pid.parse().ok()?)).sum())
}
