//! Who calls, and what they may touch.

use axum::{extract::FromRequestParts, http::request::Parts};
use domain::TenantId;
use settings::Role;

use super::Right;
use crate::Problem;

/// Who calls. Whoever finds out who somebody is makes one by [`Caller::new`]; handlers take it from the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Caller {
    /// Shown in the record of changes.
    pub name: String,
    /// The only tenant whose posts the caller may touch; none: all.
    pub tenant: Option<TenantId>,
    role: Role,
}

impl Caller {
    /// The caller `name` with `role`, bound to `tenant` if there is one.
    pub fn new(name: impl Into<String>, role: Role, tenant: Option<TenantId>) -> Self {
        Self { name: name.into(), tenant, role }
    }

    /// What the caller may do at most.
    pub fn role(&self) -> Role {
        self.role
    }

    /// Lets the caller use a right.
    ///
    /// # Errors
    /// The role is too small; says which is needed and which the caller has.
    pub fn may(&self, right: Right) -> Result<(), Problem> {
        let needed = right.role();
        if self.role >= needed {
            return Ok(());
        }
        let detail =
            format!("To {} takes the role {needed}, and {} has the role {}.", right.words(), self.name, self.role);
        let remedy = format!(
            "Use a token or a login with the role {needed}, or have the role of this one changed (api.tokens[].role or api.oidc.rules[].role of the server's settings)."
        );
        Err(Problem { remedy, ..Problem::forbidden(detail) })
    }

    /// Whether what belongs to `tenant` is the caller's to see and change.
    pub fn owns(&self, tenant: &TenantId) -> bool {
        self.tenant.as_ref().is_none_or(|own| own == tenant)
    }

    /// The tenant that a list is narrowed to.
    ///
    /// # Errors
    /// Another tenant's list was asked for.
    pub fn narrow(&self, asked: Option<TenantId>) -> Result<Option<TenantId>, Problem> {
        match asked {
            Some(asked) if !self.owns(&asked) => {
                Err(Problem::forbidden(format!("You are not let in for tenant {asked}.")))
            }
            asked => Ok(asked.or_else(|| self.tenant.clone())),
        }
    }

    /// Lets only those pass who may touch all tenants.
    ///
    /// # Errors
    /// The caller is bound to a tenant.
    pub fn unbound(&self) -> Result<(), Problem> {
        match &self.tenant {
            None => Ok(()),
            Some(tenant) => Err(Problem {
                remedy: "Use a token, or a login, that is bound to no tenant, or ask the operators.".into(),
                ..Problem::forbidden(format!("You are let in for tenant {tenant} only, and this concerns all tenants."))
            }),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Caller>().cloned().ok_or_else(Problem::unauthorized)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant(name: &str) -> TenantId {
        TenantId::new(name).unwrap()
    }

    #[test]
    fn a_bound_caller_is_kept_to_its_tenant() {
        let bound = Caller::new("a", Role::Admin, Some(tenant("acme")));
        assert!(bound.owns(&tenant("acme")) && !bound.owns(&tenant("other")) && bound.unbound().is_err());
        assert_eq!(bound.narrow(None).unwrap(), Some(tenant("acme")));
        assert_eq!(bound.narrow(Some(tenant("other"))).unwrap_err().status, 403);
        let everywhere = Caller::new("o", Role::Viewer, None);
        assert_eq!(everywhere.narrow(Some(tenant("other"))).unwrap(), Some(tenant("other")));
        assert!(everywhere.unbound().is_ok());
    }

    #[test]
    fn a_refusal_names_the_role_that_is_needed_and_the_one_there_is() {
        let problem = Caller::new("night-shift", Role::Viewer, None).may(Right::Retry).unwrap_err();
        assert_eq!(problem.status, 403);
        assert_eq!(
            problem.detail,
            "To try posts and targets again takes the role operator, and night-shift has the role viewer."
        );
        assert!(problem.remedy.contains("api.tokens[].role"), "{}", problem.remedy);
    }

    #[test]
    fn a_role_may_what_the_smaller_ones_may() {
        for right in Right::ALL {
            let allowed = Role::ALL.map(|role| Caller::new("a", role, None).may(right).is_ok());
            assert!(allowed.is_sorted() && allowed[2], "{right:?}: {allowed:?}");
        }
    }
}
