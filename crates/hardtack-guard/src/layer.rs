//! The tower layer: asks the guard once for each request and writes down what it said.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::{Request, Response};
use pin_project_lite::pin_project;
use tower::{Layer, Service};

use crate::{Authenticated, Guard, Refusal};

/// Who is let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admission {
    /// Everybody; the handlers decide.
    Everybody,
    /// Only who has a good credential.
    AuthenticatedOnly,
}

/// Puts a [`Guard`] before a service.
///
/// Into the extensions of each request goes [`Authenticated`] or, when nobody is there, the
/// [`Refusal`] that says why; whatever lay there before is removed. A request that a cookie
/// authenticates and that can change something must come from a trusted origin, else it is
/// answered 403 here and never reaches the service. Requests that `Authorization` authenticates,
/// and those of nobody, need no such proof: no other site can make a browser send the former, and
/// the latter carry nothing of anybody's.
#[derive(Debug, Clone)]
pub struct GuardLayer {
    guard: Guard,
    admission: Admission,
}

impl GuardLayer {
    pub(crate) fn new(guard: Guard, admission: Admission) -> Self {
        Self { guard, admission }
    }
}

impl<S> Layer<S> for GuardLayer {
    type Service = GuardService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        GuardService {
            inner,
            layer: self.clone(),
        }
    }
}

/// A service with a guard before it.
#[derive(Debug, Clone)]
pub struct GuardService<S> {
    inner: S,
    layer: GuardLayer,
}

impl<S, RequestBody, ResponseBody> Service<Request<RequestBody>> for GuardService<S>
where
    S: Service<Request<RequestBody>, Response = Response<ResponseBody>>,
    ResponseBody: From<String>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = GuardFuture<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<RequestBody>) -> Self::Future {
        match self.layer.admit(&mut request) {
            Ok(()) => GuardFuture {
                state: State::Admitted {
                    future: self.inner.call(request),
                },
            },
            Err(refusal) => GuardFuture {
                state: State::Refused {
                    refusal: Some(refusal),
                },
            },
        }
    }
}

impl GuardLayer {
    fn admit<B>(&self, request: &mut Request<B>) -> Result<(), Refusal> {
        request.extensions_mut().remove::<Authenticated>();
        request.extensions_mut().remove::<Refusal>();
        match self.guard.find(request.headers()) {
            Ok(found) => {
                let authenticated =
                    self.guard
                        .let_through(found, request.method(), request.headers())?;
                request.extensions_mut().insert(authenticated);
            }
            Err(refusal) if self.admission == Admission::AuthenticatedOnly => return Err(refusal),
            Err(refusal) => drop(request.extensions_mut().insert(refusal)),
        }
        Ok(())
    }
}

pin_project! {
    /// The answer of the service, or the guard's.
    pub struct GuardFuture<F> {
        #[pin]
        state: State<F>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<F> {
        Admitted {
            #[pin]
            future: F,
        },
        Refused {
            refusal: Option<Refusal>,
        },
    }
}

impl<F, B, E> Future for GuardFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: From<String>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProjection::Admitted { future } => Poll::Ready(ready!(future.poll(context))),
            StateProjection::Refused { refusal } => match refusal.take() {
                Some(refusal) => Poll::Ready(Ok(refusal.into_response())),
                // Asked again after its answer: nothing will ever come.
                None => Poll::Pending,
            },
        }
    }
}
