//! A thread with a connection of its own, and the queue before it.

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

use futures_channel::oneshot;
use rusqlite::Connection;

use super::fault;
use crate::{Pending, StoreError};

/// How many calls may wait. More means that the disk does not keep up, and waiting longer helps nobody.
const WAITING: usize = 4096;
/// How many calls share one transaction.
const TOGETHER: usize = 128;

/// One call: does its work now if there is a transaction, and answers once that has ended.
type Call = Box<dyn FnOnce(Result<&Connection, StoreError>) -> Answer + Send>;
/// Tells the caller how it ended: `None` where the transaction was written, else why not.
type Answer = Box<dyn FnOnce(Option<StoreError>) + Send>;

pub(super) struct Thread {
    queue: Mutex<Option<SyncSender<Call>>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Thread {
    pub(super) fn start(name: &str, connection: Connection) -> Result<Self, StoreError> {
        let (queue, calls) = sync_channel(WAITING);
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || serve(&connection, &calls))
            .map_err(|error| StoreError::Away(error.to_string()))?;
        Ok(Self { queue: Mutex::new(Some(queue)), thread: Some(thread) })
    }

    /// Has `work` done in the thread; the answer comes when it is on the disk.
    pub(super) fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Pending<'_, T> {
        let (sender, receiver) = oneshot::channel();
        let call: Call = Box::new(move |connection| {
            let done = connection.and_then(|connection| in_savepoint(connection, work).map_err(fault));
            Box::new(move |broken| {
                // Nobody waits any more: the caller has gone, what was done stays done.
                let _ = sender.send(broken.map_or(done, Err));
            })
        });
        let sent = match &*self.queue.lock().unwrap_or_else(std::sync::PoisonError::into_inner) {
            Some(queue) => queue.try_send(call).map_err(|error| match error {
                TrySendError::Full(_) => StoreError::Away("too many calls wait for the disk".to_owned()),
                TrySendError::Disconnected(_) => StoreError::Away("its thread has ended".to_owned()),
            }),
            None => Err(StoreError::Away("it is closed".to_owned())),
        };
        Box::pin(async move {
            sent?;
            receiver.await.unwrap_or_else(|_| Err(StoreError::Away("its thread has ended".to_owned())))
        })
    }
}

impl Drop for Thread {
    /// What was asked for is done before the file is closed.
    fn drop(&mut self) {
        self.queue.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(connection: &Connection, calls: &Receiver<Call>) {
    let read_only = connection.pragma_query_value(None, "query_only", |row| row.get(0)).unwrap_or(false);
    // A reader's transaction begins with its first look, a writer's takes the lock at once.
    let begin = if read_only { "BEGIN" } else { "BEGIN IMMEDIATE" };
    while let Ok(first) = calls.recv() {
        let together = std::iter::once(first).chain(calls.try_iter()).take(TOGETHER).collect::<Vec<_>>();
        if let Err(error) = connection.execute_batch(begin) {
            let broken = fault(error);
            for call in together {
                call(Err(broken.clone()))(None);
            }
            continue;
        }
        let answers = together.into_iter().map(|call| call(Ok(connection))).collect::<Vec<_>>();
        let broken = connection.execute_batch("COMMIT").err().map(fault);
        if broken.is_some() {
            let _ = connection.execute_batch("ROLLBACK");
        }
        for answer in answers {
            answer(broken.clone());
        }
    }
}

fn in_savepoint<T>(
    connection: &Connection,
    work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    connection.execute_batch("SAVEPOINT call")?;
    match work(connection) {
        Ok(done) => connection.execute_batch("RELEASE call").map(|()| done),
        Err(error) => {
            connection.execute_batch("ROLLBACK TO call; RELEASE call")?;
            Err(error)
        }
    }
}
