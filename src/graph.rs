//! A plan that passed the checks.
use crate::plan::{Fault, Plan, Task, TaskId};
use std::collections::HashMap;
/// stub
#[derive(Debug, Clone)]
pub struct Graph {
    plan: Plan,
    index: HashMap<TaskId, usize>,
    needs: Vec<Vec<usize>>,
    after: Vec<Vec<usize>>,
    dependents: Vec<Vec<usize>>,
    slugs: Vec<String>,
}
#[allow(missing_docs)]
impl Graph {
    pub fn new(plan: Plan) -> Result<Graph, Vec<Fault>> {
        let index: HashMap<_, _> = plan
            .tasks
            .iter()
            .enumerate()
            .map(|(i, t)| (t.id.clone(), i))
            .collect();
        let look = |ids: &[TaskId]| ids.iter().map(|id| index[id]).collect::<Vec<_>>();
        let needs: Vec<_> = plan.tasks.iter().map(|t| look(&t.needs)).collect();
        let after: Vec<_> = plan.tasks.iter().map(|t| look(&t.after)).collect();
        let mut dependents = vec![Vec::new(); plan.tasks.len()];
        for (i, list) in needs.iter().enumerate() {
            for &d in list {
                dependents[d].push(i);
            }
        }
        for (i, list) in after.iter().enumerate() {
            for &d in list {
                if !dependents[d].contains(&i) {
                    dependents[d].push(i);
                }
            }
        }
        let slugs = plan
            .tasks
            .iter()
            .map(|t| t.id.as_str().to_lowercase())
            .collect();
        Ok(Graph {
            plan,
            index,
            needs,
            after,
            dependents,
            slugs,
        })
    }
    pub fn plan(&self) -> &Plan {
        &self.plan
    }
    pub fn tasks(&self) -> &[Task] {
        &self.plan.tasks
    }
    pub fn len(&self) -> usize {
        self.plan.tasks.len()
    }
    pub fn is_empty(&self) -> bool {
        self.plan.tasks.is_empty()
    }
    pub fn index(&self, id: &TaskId) -> Option<usize> {
        self.index.get(id).copied()
    }
    pub fn task(&self, id: &TaskId) -> Option<&Task> {
        self.index(id).map(|i| &self.plan.tasks[i])
    }
    pub fn needs(&self, i: usize) -> &[usize] {
        &self.needs[i]
    }
    pub fn after(&self, i: usize) -> &[usize] {
        &self.after[i]
    }
    pub fn dependents(&self, i: usize) -> &[usize] {
        &self.dependents[i]
    }
    pub fn slug(&self, i: usize) -> &str {
        &self.slugs[i]
    }
}
