//! A page as a browser reads it: html5ever's tokenizer, led by its tree builder.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};

use html5ever::interface::{ElementFlags, NodeOrText, QuirksMode, TreeSink};
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{
    BufferQueue, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};
use html5ever::tree_builder::{TreeBuilder, TreeBuilderOpts};
use html5ever::{Attribute, ExpandedName, QualName, expanded_name, local_name, ns};

/// A start tag: its name and those of its attributes, in lower case.
pub(in super::super) type StartTag = (String, Vec<String>);

/// Names and values.
pub(in super::super) type Attributes = Vec<(String, String)>;

/// An element of the tree that belongs to a form.
pub(in super::super) struct Member {
    pub(in super::super) attributes: Attributes,
    /// Which form, by number.
    pub(in super::super) form: usize,
    pub(in super::super) form_attributes: Attributes,
}

/// What was read.
pub(in super::super) struct Page {
    pub(in super::super) tags: Vec<StartTag>,
    /// Elements that browsers send, or that send, with a form.
    pub(in super::super) members: Vec<Member>,
}

pub(in super::super) fn read(page: &str) -> Page {
    let options = TreeBuilderOpts { scripting_enabled: true, ..TreeBuilderOpts::default() };
    let watched = Watched { tree: TreeBuilder::new(Elements::default(), options), tags: RefCell::default() };
    let tokenizer = Tokenizer::new(watched, TokenizerOpts { discard_bom: false, ..TokenizerOpts::default() });
    let input = BufferQueue::default();
    input.push_back(StrTendril::from(page));
    while !matches!(tokenizer.feed(&input), html5ever::TokenizerResult::Done) {}
    tokenizer.end();
    let Watched { tree, tags } = tokenizer.sink;
    let elements = tree.sink;
    let of = |id: usize| elements.elements.borrow()[id].1.clone();
    let member = |(member, form): &(usize, usize)| Member {
        attributes: of(*member),
        form: *form,
        form_attributes: of(*form),
    };
    let members = elements.members.borrow().iter().map(member).collect();
    Page { tags: tags.into_inner(), members }
}

struct Watched {
    tree: TreeBuilder<usize, Elements>,
    tags: RefCell<Vec<StartTag>>,
}

impl TokenSink for Watched {
    type Handle = usize;

    fn process_token(&self, token: Token, line: u64) -> TokenSinkResult<usize> {
        if let Token::TagToken(tag) = &token
            && tag.kind == TagKind::StartTag
        {
            let attributes = tag.attrs.iter().map(|attribute| attribute.name.local.to_string()).collect();
            self.tags.borrow_mut().push((tag.name.to_string(), attributes));
        }
        self.tree.process_token(token, line)
    }

    fn end(&self) {
        self.tree.end();
    }

    fn adjusted_current_node_present_but_not_in_html_namespace(&self) -> bool {
        self.tree.adjusted_current_node_present_but_not_in_html_namespace()
    }
}

/// Elements by number, without a tree: names, attributes, and which form they belong to.
#[derive(Default)]
struct Elements {
    elements: RefCell<Vec<(&'static QualName, Attributes, ElementFlags)>>,
    members: RefCell<Vec<(usize, usize)>>,
    document: Cell<usize>,
}

impl Elements {
    fn add(&self, name: QualName, attributes: Vec<Attribute>, flags: ElementFlags) -> usize {
        let attributes = attributes
            .into_iter()
            .map(|attribute| (attribute.name.local.to_string(), attribute.value.to_string()))
            .collect();
        let mut elements = self.elements.borrow_mut();
        // Names must outlive what borrows them; a test may forget some.
        elements.push((Box::leak(Box::new(name)), attributes, flags));
        elements.len() - 1
    }

    fn node(&self) -> usize {
        let name = QualName::new(None, ns!(), local_name!(""));
        self.add(name, Vec::new(), ElementFlags::default())
    }
}

impl TreeSink for Elements {
    type Handle = usize;
    type Output = Self;
    type ElemName<'a> = ExpandedName<'a>;

    fn finish(self) -> Self {
        self
    }

    fn get_document(&self) -> usize {
        if self.elements.borrow().is_empty() {
            self.document.set(self.node());
        }
        self.document.get()
    }

    fn elem_name(&self, target: &usize) -> ExpandedName<'_> {
        self.elements.borrow()[*target].0.expanded()
    }

    fn create_element(&self, name: QualName, attributes: Vec<Attribute>, flags: ElementFlags) -> usize {
        self.add(name, attributes, flags)
    }

    fn create_comment(&self, _text: StrTendril) -> usize {
        self.node()
    }

    fn create_pi(&self, _target: StrTendril, _data: StrTendril) -> usize {
        self.node()
    }

    fn get_template_contents(&self, target: &usize) -> usize {
        assert_eq!(self.elem_name(target), expanded_name!(html "template"));
        self.node()
    }

    fn same_node(&self, one: &usize, other: &usize) -> bool {
        one == other
    }

    fn associate_with_form(&self, target: &usize, form: &usize, _nodes: (&usize, Option<&usize>)) {
        self.members.borrow_mut().push((*target, *form));
    }

    fn is_mathml_annotation_xml_integration_point(&self, target: &usize) -> bool {
        self.elements.borrow()[*target].2.mathml_annotation_xml_integration_point
    }

    fn append(&self, _parent: &usize, _child: NodeOrText<usize>) {}
    fn append_based_on_parent_node(&self, _element: &usize, _before: &usize, _child: NodeOrText<usize>) {}
    fn append_before_sibling(&self, _sibling: &usize, _node: NodeOrText<usize>) {}
    fn append_doctype_to_document(&self, _name: StrTendril, _public: StrTendril, _system: StrTendril) {}
    fn add_attrs_if_missing(&self, _target: &usize, _attributes: Vec<Attribute>) {}
    fn remove_from_parent(&self, _target: &usize) {}
    fn reparent_children(&self, _node: &usize, _parent: &usize) {}
    fn parse_error(&self, _message: Cow<'static, str>) {}
    fn set_quirks_mode(&self, _mode: QuirksMode) {}
}
